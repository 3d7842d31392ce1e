// Single keys: rows of lists, new, edit, search, the sheet of shortcuts. Never while somebody types.
(() => {
  const { root } = quayside;
  const TYPES = "input, textarea, select, [contenteditable], [role=textbox], [role=combobox]";

  // Where [ and ] are reached with AltGr they come with Ctrl and Alt.
  const isHeld = (event) => (event.ctrlKey || event.metaKey || event.altKey) && !event.getModifierState("AltGraph");

  const isBusy = (event) =>
    event.defaultPrevented ||
    event.isComposing ||
    isHeld(event) ||
    root.dataset.keys === "off" ||
    event.target.closest?.(TYPES) !== null ||
    document.querySelector("dialog[open], :popover-open, details.menu[open]") !== null;

  // A list in parts has its rows in several lists or tables.
  const ROWS = "#rows > :is(tr, li), #rows > :is(ul, ol) > li";
  const linkOf = (row) => row.querySelector("a[data-open]") ?? row.querySelector("a.name");
  const rows = () => [...document.querySelectorAll(ROWS)].filter(linkOf);
  const rowOf = (element) => element?.closest?.(ROWS) ?? null;

  const move = (by) => {
    const all = rows();
    if (all.length === 0) return;
    const now = all.indexOf(rowOf(document.activeElement));
    const next = now < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(now + by, 0), all.length - 1);
    const link = linkOf(all[next]);
    link.focus();
    link.scrollIntoView({ block: "nearest" });
  };

  // What opens in place takes the keyboard into it.
  const press = (key) => {
    const found = document.querySelector(`main [data-key="${key}"], #crumbs [data-key="${key}"]`);
    found?.click();
    if (found?.matches("summary")) found.parentElement.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  };

  const search = () => {
    const box = document.querySelector("main [data-list-search]");
    if (!box) return quayside.openPalette();
    box.focus();
    box.select();
  };

  const KEYS = {
    j: () => move(1),
    k: () => move(-1),
    x: () => rowOf(document.activeElement)?.querySelector(".c-pick input")?.click(),
    n: () => press("n"),
    e: () => press("e"),
    "[": () => press("["),
    "]": () => press("]"),
    u: () => document.querySelector("#crumbs .back a")?.click(),
    "/": search,
    "?": () => document.getElementById("shortcuts")?.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (isBusy(event)) return;
    const isArrow = event.key === "ArrowDown" || event.key === "ArrowUp";
    const key = isArrow ? rowOf(document.activeElement) && (() => move(event.key === "ArrowDown" ? 1 : -1)) : KEYS[event.key];
    if (!key) return;
    event.preventDefault();
    key();
  });
})();
