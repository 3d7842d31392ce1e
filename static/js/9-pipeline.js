// The pipeline: a card is dragged into another column, or moved by Shift with the arrow keys; arrows alone
// go from card to card. The server decides; what it refuses is said on the page it answers with.

function move(card, stage) {
  const form = document.getElementById("move-card");
  if (!form || !stage || card.dataset.stage === stage) return;
  form.setAttribute("action", `${form.dataset.path}/${card.dataset.number}/stage?_method=PUT&from=board`);
  form.elements.stage.value = stage;
  form.requestSubmit();
}

let dragged = null;

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-pipeline] .deal") || null;
  if (!dragged || !document.getElementById("move-card")) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.number);
  dragged.classList.add("dragged");
});

document.addEventListener("dragover", (event) => {
  const column = dragged && event.target.closest?.("[data-pipeline] .col");
  document.querySelectorAll(".col.over").forEach((one) => one !== column && one.classList.remove("over"));
  if (!column) return;
  event.preventDefault();
  column.classList.add("over");
});

document.addEventListener("drop", (event) => {
  const column = dragged && event.target.closest?.("[data-pipeline] .col");
  if (!column) return;
  event.preventDefault();
  move(dragged, column.dataset.stage);
});

document.addEventListener("dragend", () => {
  document.querySelectorAll(".col.over").forEach((one) => one.classList.remove("over"));
  dragged?.classList.remove("dragged");
  dragged = null;
});

document.addEventListener("keydown", (event) => {
  const card = event.target.closest?.("[data-pipeline] .deal");
  if (!card || event.altKey || event.ctrlKey || event.metaKey) return;
  const column = card.closest(".col");
  const beside = { ArrowLeft: column.previousElementSibling, ArrowRight: column.nextElementSibling }[event.key];
  if (event.shiftKey) {
    // What is won stays where it is, as with the mouse.
    if (!beside || !card.draggable) return;
    event.preventDefault();
    move(card, beside.dataset.stage);
    return;
  }
  const next = { ArrowUp: card.previousElementSibling, ArrowDown: card.nextElementSibling }[event.key];
  const link = (next || beside?.querySelector(".deal"))?.querySelector("a.name");
  if (!link) return;
  event.preventDefault();
  link.focus();
});

// A card that moves takes the focus along; after more cards it goes to the first of them.
let held = null;

document.addEventListener("htmx:before:swap", () => {
  const card = document.activeElement?.closest?.("[data-pipeline] .deal, [data-pipeline] .more");
  held = card && { number: card.dataset.number, before: card.previousElementSibling };
});

document.addEventListener("htmx:after:swap", () => {
  const card = held && (held.number ? document.getElementById(`interest-${held.number}`) : held.before?.nextElementSibling);
  held = null;
  if (card && !card.contains(document.activeElement)) card.querySelector("a")?.focus({ preventScroll: false });
});
