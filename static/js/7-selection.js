// Ticked rows of a list: how many, from here to there with Shift, the whole page. The bar itself needs no script.
(() => {
  let last = null;

  const bar = () => document.getElementById("selection");
  const boxes = () => [...document.querySelectorAll("#rows .c-pick input")];
  const everybody = () => document.querySelector("[data-pick-all]");

  const show = () => {
    const all = boxes();
    const ticked = all.filter((box) => box.checked).length;
    const head = everybody();
    if (head) {
      head.checked = ticked > 0 && ticked === all.length;
      head.indeterminate = ticked > 0 && ticked < all.length;
    }
    const place = bar()?.querySelector("[data-count]");
    if (place) place.textContent = place.dataset.one.replace("{}", ticked);
    const rest = bar()?.elements.all;
    if (rest && ticked < all.length) rest.checked = false;
    return ticked;
  };

  document.addEventListener("click", (event) => {
    const box = event.target.closest?.("#rows .c-pick input");
    if (!box) return;
    const all = boxes();
    if (event.shiftKey && last?.isConnected) {
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
      for (const between of all.slice(from, to + 1)) between.checked = box.checked;
    }
    last = box;
    show();
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-pick-all]")) for (const box of boxes()) box.checked = event.target.checked;
    else if (event.target === bar()?.elements.all && event.target.checked) for (const box of boxes()) box.checked = true;
    else return;
    show();
  });

  document.addEventListener("reset", (event) => event.target === bar() && setTimeout(show));

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const slot = document.querySelector("#list-slot:not(:empty)");
    if (slot) slot.querySelector("[data-close-slot]").click();
    else if (!event.target.closest?.("dialog, input[type=search]") && boxes().some((box) => box.checked)) bar().reset();
  });

  document.addEventListener("click", (event) => {
    const slot = document.querySelector("#list-slot:not(:empty)");
    if (slot && !event.target.closest("#list-slot, .looks")) slot.replaceChildren();
  });

  document.addEventListener("htmx:after:swap", show);
})();
