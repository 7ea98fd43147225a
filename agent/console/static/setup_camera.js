// The live pictures of the cameras that are set up. This page gets no news of them: the note goes with the first
// picture.
import { Picture } from "./stream.js";

for (const box of document.querySelectorAll(".picture")) {
  const picture = new Picture(box);
  picture.image.addEventListener("load", () => {
    picture.note.hidden = true;
  });
  picture.begin();
}
