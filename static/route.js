// A visit dragged to another place goes there; the buttons do the same without this file.
(() => {
  "use strict";
  const list = document.querySelector(".route");
  if (!list) return;
  let held = null;
  const legs = () => [...list.children];
  for (const leg of legs()) leg.draggable = true;

  list.addEventListener("dragstart", (event) => {
    held = event.target.closest(".stop");
    if (!held) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", "");
    held.classList.add("held");
  });
  list.addEventListener("dragover", (event) => {
    const over = event.target.closest(".stop");
    if (!held || !over) return;
    event.preventDefault();
    if (over === held) return;
    const box = over.getBoundingClientRect();
    list.insertBefore(held, event.clientY > box.top + box.height / 2 ? over.nextSibling : over);
  });
  list.addEventListener("drop", (event) => event.preventDefault());
  list.addEventListener("dragend", () => {
    if (!held) return;
    const [leg, place] = [held, legs().indexOf(held) + 1];
    leg.classList.remove("held");
    held = null;
    if (place === Number(leg.dataset.place)) return;
    const form = leg.querySelector("form");
    form.elements.place.value = place;
    form.requestSubmit(form.querySelector("[value=to]"));
  });
})();
