// Naming a colleague in a note: an @ offers the names that begin so, or have a part that does.
(() => {
  const MOST = 6;
  let open = null; // { field, list, start }

  const plain = (text) => text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  const namesFor = (field) => [...(document.getElementById(field.dataset.mentions)?.options ?? [])].map((one) => one.value);
  const fits = (name, typed) => plain(name).startsWith(typed) || plain(name).split(/[\s-]+/).some((part) => part.startsWith(typed));

  const close = () => {
    if (!open) return;
    open.field.removeAttribute("aria-activedescendant");
    open.field.removeAttribute("aria-controls");
    open.list.remove();
    open = null;
  };

  // What is typed after the last @ before the caret; null where none begins a word.
  const typedIn = (field) => {
    const before = field.value.slice(0, field.selectionStart);
    const found = before.match(/(?:^|[^\p{L}\p{N}])@([^\n@]{0,40})$/u);
    return found ? { start: before.length - found[1].length, typed: plain(found[1]) } : null;
  };

  const offer = (field) => {
    const found = typedIn(field);
    const names = found ? namesFor(field).filter((name) => fits(name, found.typed)).slice(0, MOST) : [];
    close();
    if (!names.length || plain(names[0]) === found.typed) return;
    const list = Object.assign(document.createElement("ul"), { className: "mention-list", id: "mention-list" });
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", quayside.words("colleagues"));
    names.forEach((name, at) => {
      const item = Object.assign(document.createElement("li"), { id: `mention-${at}`, textContent: name });
      item.setAttribute("role", "option");
      list.append(item);
    });
    field.parentElement.classList.add("mention-box");
    field.after(list);
    field.setAttribute("aria-controls", list.id);
    open = { field, list, start: found.start };
    choose(0);
  };

  const choose = (at) => {
    const items = [...open.list.children];
    const chosen = items.at(at % items.length);
    for (const item of items) item.setAttribute("aria-selected", String(item === chosen));
    open.field.setAttribute("aria-activedescendant", chosen.id);
  };

  const take = (item) => {
    const { field, start } = open;
    field.setRangeText(`${item.textContent} `, start, field.selectionStart, "end");
    close();
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  document.addEventListener("input", (event) => {
    if (event.target.matches?.("textarea[data-mentions]")) offer(event.target);
  });

  document.addEventListener("keydown", (event) => {
    if (!open || event.target !== open.field || event.isComposing) return;
    const items = [...open.list.children];
    const at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown") choose(at + 1);
    else if (event.key === "ArrowUp") choose(at - 1);
    else if (event.key === "Enter" || event.key === "Tab") take(items[at]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  // Before the field loses the focus.
  document.addEventListener("pointerdown", (event) => {
    const item = event.target.closest?.(".mention-list li");
    if (!item) return close();
    event.preventDefault();
    take(item);
  });
  document.addEventListener("focusout", (event) => {
    if (event.target === open?.field) close();
  });
})();
