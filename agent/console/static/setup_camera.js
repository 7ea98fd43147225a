// The live pictures of the cameras that are set up. There are no news of them on this page: the note goes with the first
// picture.
import { Picture } from "./stream.js";

for (const box of document.querySelectorAll(".picture")) {
  const picture = new Picture(box);
  picture.image.addEventListener("load", () => {
    picture.note.hidden = true;
  });
  picture.begin();
}
