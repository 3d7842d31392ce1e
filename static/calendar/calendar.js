// The calendar of berths: arrows go between what lies there, bars and free places are dragged. A form opens then.
(() => {
  const HOLD = 5;
  const sheet = () => document.querySelector("[data-calendar]");
  const isList = () => getComputedStyle(sheet().querySelector("thead")).position === "absolute";
  const stops = (row) => [...row.querySelectorAll("a")].filter((link) => link.offsetParent !== null);
  const middle = (link) => {
    const box = link.getBoundingClientRect();
    return (box.left + box.right) / 2;
  };

  // One is reached with Tab: the last that had the focus.
  let last = null;
  const settle = (chosen) => {
    const links = [...(sheet()?.querySelectorAll("tbody a") ?? [])];
    last = chosen ?? (links.includes(last) ? last : links[0]);
    for (const link of links) link.tabIndex = link === last ? 0 : -1;
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
    const next = MOVES[event.key]?.(link);
    if (!MOVES[event.key]) return;
    event.preventDefault();
    if (!next) return;
    settle(next);
    next.focus();
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  });

  // Where one stands comes before what the key does on every page.
  document.addEventListener("keydown", (event) => {
    const link = event.target.closest?.("[data-calendar] tbody a:is(.free-place, .away)");
    if (!link || event.key !== "n" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (quayside.root.dataset.keys === "off") return;
    event.preventDefault();
    event.stopPropagation();
    link.click();
  }, { capture: true });

  document.addEventListener("focusin", (event) => {
    const link = event.target.closest?.("[data-calendar] tbody a");
    if (link) settle(link);
  });
  // The focus goes to the panel that opens, and back.
  let shown;
  const look = () => {
    settle();
    const before = shown;
    shown = document.querySelector(".stay-panel .body > .link")?.href;
    if (shown === before) return;
    if (shown) document.getElementById("panel-title").focus({ preventScroll: true });
    else if (document.activeElement.matches("body, main, h1")) last?.focus({ preventScroll: true });
  };
  document.addEventListener("DOMContentLoaded", look);
  document.addEventListener("htmx:after:swap", look);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || held || document.querySelector("dialog[open], :popover-open")) return;
    document.querySelector("[data-close-panel]")?.click();
  });

  // --- Dragging

  let held = null;
  const shifted = (day, by) => {
    const moved = new Date(`${day}T12:00:00Z`);
    moved.setUTCDate(moved.getUTCDate() + by);
    return moved.toISOString().slice(0, 10);
  };

  document.addEventListener("pointerdown", (event) => {
    const link = event.target.closest?.("a[data-move], a.free-place");
    if (!link || event.button !== 0 || event.pointerType === "touch" || isList()) return;
    const root = sheet();
    const width = root.querySelector("tbody tr").clientWidth - root.querySelector("tbody th").clientWidth;
    held = { link, x: event.clientX, y: event.clientY, day: (width / root.dataset.columns) * 2, moved: false, places: [] };
  });

  document.addEventListener("dragstart", (event) => {
    if (event.target.closest?.("a[data-move], a.free-place")) event.preventDefault();
  });

  document.addEventListener("pointermove", (event) => {
    if (!held) return;
    const [across, down] = [event.clientX - held.x, event.clientY - held.y];
    if (!held.moved && Math.hypot(across, down) < HOLD) return;
    held.moved = true;
    if (!held.link.dataset.move) return sweep(event);
    held.link.dataset.dragged = "";
    held.link.style.transform = `translate(${Math.round(across / held.day) * held.day}px, ${down}px)`;
  });

  // The free places on the way from where it began.
  const sweep = (event) => {
    const row = held.link.closest("tr");
    const over = document.elementFromPoint(event.clientX, held.y)?.closest(".free-place");
    if (over?.closest("tr") !== row) return;
    const places = [...row.cells].map((cell) => cell.querySelector(".free-place"));
    const [begin, end] = [places.indexOf(held.link), places.indexOf(over)];
    const way = begin < end ? places.slice(begin, end + 1) : places.slice(end, begin + 1).reverse();
    choose(way.includes(null) ? way.slice(0, way.indexOf(null)) : way);
  };
  const choose = (places) => {
    for (const link of held.places) delete link.dataset.swept;
    for (const link of places) link.dataset.swept = "";
    held.places = places;
  };

  const drop = (event) => {
    const { link, x, day, moved, places } = held;
    choose([]);
    held = null;
    delete link.dataset.dragged;
    link.style.transform = "";
    if (!moved || event.type !== "pointerup") return;
    // What ends a drag is no click.
    const quiet = (click) => click.preventDefault();
    document.addEventListener("click", quiet, { capture: true });
    setTimeout(() => document.removeEventListener("click", quiet, { capture: true }));
    if (!link.dataset.move) return book(places);
    const by = Math.round((event.clientX - x) / day);
    const row = document.elementFromPoint(event.clientX, event.clientY)?.closest("tr[data-berth]");
    const berth = row && row !== link.closest("tr") ? row.dataset.berth : "";
    if (!by && !berth) return;
    const query = new URLSearchParams({ arrives: shifted(link.dataset.arrives, by) });
    if (link.dataset.leaves) query.set("leaves", shifted(link.dataset.leaves, by));
    if (berth) query.set("berth", berth);
    location.assign(`${link.dataset.move}?${query}`);
  };
  const book = (places) => {
    const [first, ...more] = places.map((link) => new URL(link.href)).sort();
    if (!first) return;
    if (more.length) first.searchParams.set("leaves", more.at(-1).searchParams.get("leaves"));
    location.assign(first);
  };
  document.addEventListener("pointerup", (event) => held && drop(event));
  document.addEventListener("pointercancel", (event) => held && drop(event));
  document.addEventListener("keydown", (event) => event.key === "Escape" && held && drop(event));
})();
