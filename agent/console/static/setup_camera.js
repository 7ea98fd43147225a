// The live pictures of the cameras that are set up.
import { Picture } from "./stream.js";

for (const box of document.querySelectorAll(".picture")) new Picture(box);
