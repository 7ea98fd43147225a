// The sheet with the target.
document.getElementById("print").addEventListener("click", () => window.print());
