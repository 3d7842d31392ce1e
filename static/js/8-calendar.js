// The calendar of berths: one tab stop with arrows between what lies there, and bars that are dragged to other days or
// another berth. Dropping opens the form that changes dates, where somebody says yes.
(() => {
  const HOLD = 5;
  const sheet = () => document.querySelector("[data-calendar]");
  const isList = () => getComputedStyle(sheet().querySelector("thead")).position === "absolute";
  const stops = (row) => [...row.querySelectorAll("a")].filter((link) => link.offsetParent !== null);
  const middle = (link) => {
    const box = link.getBoundingClientRect();
    return (box.left + box.right) / 2;
  };

  // One of them is reached with Tab: the one that had the focus last, else today's first.
  const settle = (chosen) => {
    const root = sheet();
    if (!root) return;
    const links = [...root.querySelectorAll("tbody a")];
    const one = chosen ?? links.find((link) => link.tabIndex === 0 && link.dataset.stop !== undefined) ?? links[0];
    for (const link of links) {
      link.tabIndex = link === one ? 0 : -1;
      delete link.dataset.stop;
    }
    if (one) one.dataset.stop = "";
  };

  const beside = (link, by) => {
    const row = stops(link.closest("tr"));
    return row[row.indexOf(link) + by];
  };

  // In the row above or below, what lies at the same time.
  const across = (link, by) => {
    let row = link.closest("tr");
    do row = by > 0 ? row.nextElementSibling : row.previousElementSibling;
    while (row && stops(row).length === 0);
    if (!row) return null;
    if (link.closest("th") || isList()) return stops(row)[0];
    const place = middle(link);
    return stops(row).filter((other) => !other.closest("th")).sort((a, b) => {
      const distance = (one) => {
        const box = one.getBoundingClientRect();
        return place >= box.left && place <= box.right ? 0 : Math.abs(middle(one) - place);
      };
      return distance(a) - distance(b);
    })[0] ?? stops(row)[0];
  };

  const MOVES = {
    ArrowRight: (link) => beside(link, 1),
    ArrowLeft: (link) => beside(link, -1),
    ArrowDown: (link) => across(link, 1),
    ArrowUp: (link) => across(link, -1),
    Home: (link) => stops(link.closest("tr"))[0],
    End: (link) => stops(link.closest("tr")).at(-1),
  };

  document.addEventListener("keydown", (event) => {
    const link = event.target.closest?.("[data-calendar] tbody a");
    if (!link || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "n" && quayside.root.dataset.keys !== "off" && link.matches(".free-place, .away")) {
      event.preventDefault();
      return link.click();
    }
    const next = MOVES[event.key]?.(link);
    if (!MOVES[event.key]) return;
    event.preventDefault();
    if (!next) return;
    settle(next);
    next.focus();
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  });

  document.addEventListener("focusin", (event) => {
    const link = event.target.closest?.("[data-calendar] tbody a");
    if (link) settle(link);
  });
  document.addEventListener("DOMContentLoaded", () => settle());
  document.addEventListener("htmx:after:swap", () => {
    settle();
    const panel = document.querySelector(".stay-panel:not([data-shown])");
    if (!panel) return;
    panel.dataset.shown = "";
    panel.querySelector("h2").focus({ preventScroll: true });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !document.querySelector("dialog[open], :popover-open")) document.querySelector("[data-close-panel]")?.click();
  });

  // --- Dragging

  let held = null;
  const shifted = (day, by) => {
    const moved = new Date(`${day}T12:00:00Z`);
    moved.setUTCDate(moved.getUTCDate() + by);
    return moved.toISOString().slice(0, 10);
  };

  document.addEventListener("pointerdown", (event) => {
    const link = event.target.closest?.("a[data-move]");
    if (!link || event.button !== 0 || event.pointerType === "touch" || isList()) return;
    const root = sheet();
    const width = root.querySelector("tbody tr").clientWidth - root.querySelector("tbody th").clientWidth;
    held = { link, x: event.clientX, y: event.clientY, day: (width / root.dataset.columns) * 2, moved: false };
  });

  document.addEventListener("dragstart", (event) => {
    if (event.target.closest?.("a[data-move]")) event.preventDefault();
  });

  document.addEventListener("pointermove", (event) => {
    if (!held) return;
    const [across, down] = [event.clientX - held.x, event.clientY - held.y];
    if (!held.moved && Math.hypot(across, down) < HOLD) return;
    held.moved = true;
    held.link.dataset.dragged = "";
    held.link.style.transform = `translate(${Math.round(across / held.day) * held.day}px, ${down}px)`;
  });

  const drop = (event) => {
    const { link, x, day, moved } = held;
    held = null;
    delete link.dataset.dragged;
    link.style.transform = "";
    if (!moved || event.type !== "pointerup") return;
    // What ends a drag is no click.
    const quiet = (click) => click.preventDefault();
    document.addEventListener("click", quiet, { capture: true });
    setTimeout(() => document.removeEventListener("click", quiet, { capture: true }));
    const by = Math.round((event.clientX - x) / day);
    const row = document.elementFromPoint(event.clientX, event.clientY)?.closest("tr[data-berth]");
    const berth = row && row !== link.closest("tr") ? row.dataset.berth : "";
    if (!by && !berth) return;
    const query = new URLSearchParams({ arrives: shifted(link.dataset.arrives, by) });
    if (link.dataset.leaves) query.set("leaves", shifted(link.dataset.leaves, by));
    if (berth) query.set("berth", berth);
    location.assign(`${link.dataset.move}?${query}`);
  };
  document.addEventListener("pointerup", (event) => held && drop(event));
  document.addEventListener("pointercancel", (event) => held && drop(event));
  document.addEventListener("keydown", (event) => event.key === "Escape" && held && drop(event));
})();
