// The harbour map: zoom and pan by wheel, pinch, buttons and keys; from berth to berth with the arrows; a berth beside it.
(() => {
  const ZOOM = 1.25;
  const CLOSEST = 60; // decimetres across the window
  const STEADY = 5; // pixels that are no drag yet
  let view = null; // x, y, width, height in decimetres
  let sought = null; // the same, of what is to be in sight, whatever shape the window takes
  let shown = null;
  let at = null;
  let dragged = false;
  const fingers = new Map();

  const plan = () => document.querySelector("svg.plan");
  const whole = () => (plan().dataset.all ??= plan().getAttribute("viewBox")).split(" ").map(Number);
  const spots = () => [...plan().querySelectorAll(".spot")];
  const across = (node, from) => {
    const point = plan().createSVGPoint();
    [point.x, point.y] = from;
    const moved = Array.from(node.transform.baseVal).reduceRight((at, one) => at.matrixTransform(one.matrix), point);
    return [moved.x, moved.y];
  };
  const centre = (spot) => {
    const shape = spot.firstElementChild;
    const middle = [shape.width.baseVal.value / 2, shape.height.baseVal.value / 2];
    return across(spot.closest("[data-pier]"), across(spot, middle));
  };

  const draw = () => plan().setAttribute("viewBox", view.map((value) => Math.round(value * 10) / 10).join(" "));

  // As large as the window is, so that a pixel is as many decimetres both ways.
  const framed = ([x, y, width, height]) => {
    const box = plan().getBoundingClientRect();
    const scale = Math.max(width / box.width, height / box.height);
    return [x + (width - scale * box.width) / 2, y + (height - scale * box.height) / 2, scale * box.width, scale * box.height];
  };

  const look = (box) => {
    view = sought = box;
    draw();
  };

  // From what was sought, so that a phone that is turned and turned back shows what it showed.
  const frame = () => {
    view = framed(sought);
    draw();
  };

  const zoom = (factor, x = view[0] + view[2] / 2, y = view[1] + view[3] / 2) => {
    const most = framed(whole())[2] * 1.5;
    const width = Math.min(most, Math.max(CLOSEST, view[2] / factor));
    const by = width / view[2];
    look([x - (x - view[0]) * by, y - (y - view[1]) * by, width, view[3] * by]);
  };

  const pan = (right, down) => {
    look([view[0] + right, view[1] + down, view[2], view[3]]);
  };

  const onPlan = (event) => {
    const box = plan().getBoundingClientRect();
    return [view[0] + ((event.clientX - box.left) / box.width) * view[2], view[1] + ((event.clientY - box.top) / box.height) * view[3]];
  };

  const all = () => {
    sought = whole();
    frame();
  };

  const intoSight = (spot) => {
    // On a phone the berth covers half of the window: the other half is the map's.
    if (innerWidth < 768 && !document.getElementById("panel").hidden) plan().parentElement.scrollIntoView();
    const [x, y] = centre(spot);
    const panel = document.querySelector("#panel:not([hidden])")?.getBoundingClientRect();
    const box = plan().getBoundingClientRect();
    const beside = panel && panel.width < box.width * 0.8;
    const wide = view[2] * (beside ? (box.width - panel.width - 16) / box.width : 1);
    const high = view[3] * (panel && !beside ? (box.height - panel.height) / box.height : 1);
    const edge = view[2] * 0.04;
    if (x > view[0] + edge && x < view[0] + wide - edge && y > view[1] + edge && y < view[1] + high - edge) return;
    pan(x - view[0] - wide / 2, y - view[1] - high / 2);
  };

  const hold = (spot, focus = false) => {
    for (const other of plan().querySelectorAll('.spot[tabindex="0"], .spot:not([tabindex])')) other.setAttribute("tabindex", "-1");
    spot.setAttribute("tabindex", "0");
    if (!focus) return;
    intoSight(spot);
    spot.focus({ preventScroll: true });
  };

  const mark = () => {
    for (const spot of plan().querySelectorAll(".spot.at")) spot.classList.remove("at");
    at?.querySelector(".spot")?.classList.add("at");
  };

  const chosen = () => document.getElementById(plan().dataset.at ?? "");

  const start = () => {
    const svg = plan();
    if (!svg) return;
    document.querySelector(".zoom")?.removeAttribute("hidden");
    const own = svg.getAttribute("viewBox");
    if (shown !== svg.getAttribute("aria-label")) {
      shown = svg.getAttribute("aria-label");
      svg.dataset.all = own;
      at = chosen();
      all();
      const narrow = svg.getBoundingClientRect().width < 720;
      const first = at?.querySelector(".spot") ?? spots()[0];
      if (narrow && first) {
        const [x, y] = centre(first);
        zoom(view[2] / 560, x, y);
        pan(x - view[0] - (at ? 280 : 120), y - view[1] - view[3] * (at ? 0.25 : 0.4));
      }
      if (at) intoSight(first);
    } else {
      at = chosen() ?? at;
      if (own !== view.join(" ")) svg.dataset.all = svg.dataset.all ?? own;
      draw();
    }
    const kept = svg.querySelector('.spot[tabindex="0"]') ?? at?.querySelector(".spot") ?? spots()[0];
    if (kept) hold(kept);
    mark();
  };

  const close = () => {
    const panel = document.getElementById("panel");
    const was = at;
    panel.hidden = true;
    panel.replaceChildren();
    panel.parentElement.classList.remove("open");
    at = null;
    mark();
    const address = new URL(location.href);
    for (const name of ["berth", "dock"]) address.searchParams.delete(name);
    history.replaceState(history.state, "", address);
    was?.querySelector(".spot")?.focus({ preventScroll: true });
  };

  const open = async (spot) => {
    const page = document.querySelector("[data-map]");
    const panel = document.getElementById("panel");
    at = spot.parentElement;
    const number = at.id.replace("spot-", "");
    const fits = page.dataset.fits ? `?fits=${encodeURIComponent(page.dataset.fits)}` : "";
    hold(spot);
    mark();
    await htmx.ajax("GET", `${page.dataset.map}/${number}/brief${fits}`, { target: "#panel", swap: "innerHTML" });
    document.getElementById("panel").hidden = false;
    page.classList.add("open");
    const address = new URL(spot.href.baseVal, location.href);
    history.replaceState(history.state, "", address);
    intoSight(spot);
    document.getElementById("panel-title")?.focus({ preventScroll: true });
  };

  // The nearest berth in that direction; along the dock first.
  const next = (from, [right, down]) => {
    const [x, y] = centre(from);
    let best = null;
    let least = Infinity;
    for (const spot of spots()) {
      const [otherX, otherY] = centre(spot);
      const ahead = (otherX - x) * right + (otherY - y) * down;
      const aside = Math.abs((otherX - x) * down) + Math.abs((otherY - y) * right);
      if (ahead > 1 && ahead + 3 * aside < least) [best, least] = [spot, ahead + 3 * aside];
    }
    return best;
  };

  const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
  const KEYS = { "+": () => zoom(ZOOM), "=": () => zoom(ZOOM), "-": () => zoom(1 / ZOOM), 0: all };

  document.addEventListener("keydown", (event) => {
    if (!plan() || event.ctrlKey || event.metaKey || event.altKey) return;
    const spot = event.target.closest?.(".plan .spot");
    if (event.key === "Escape" && event.target.closest?.("#panel, .plan") && !document.getElementById("panel").hidden) close();
    else if (spot && WAYS[event.key]) {
      const found = next(spot, WAYS[event.key]);
      if (found) hold(found, true);
    } else if (spot && KEYS[event.key]) {
      KEYS[event.key]();
      intoSight(spot);
    } else return;
    event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    const press = event.target.closest?.("[data-zoom]");
    if (press) return ({ in: () => zoom(ZOOM), out: () => zoom(1 / ZOOM), all })[press.dataset.zoom]();
    const spot = event.target.closest?.(".plan .spot");
    if (!spot && !event.target.closest?.("#panel [data-close]")) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button || !document.querySelector(".map-page")) return;
    event.preventDefault();
    if (!spot) close();
    // What a key presses is no end of a drag.
    else if (!dragged || !event.detail) open(spot);
  }, true);

  document.addEventListener("wheel", (event) => {
    if (!event.target.closest?.("svg.plan")) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), ...onPlan(event));
  }, { passive: false });

  document.addEventListener("pointerdown", (event) => {
    if (!event.target.closest?.("svg.plan") || event.button) return;
    if (!fingers.size) dragged = false;
    fingers.set(event.pointerId, event);
  });

  document.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before || !plan()) return;
    const moved = [event.clientX - before.clientX, event.clientY - before.clientY];
    if (!dragged && Math.hypot(...moved) < STEADY) return;
    dragged = true;
    plan().classList.add("dragging");
    const scale = view[2] / plan().getBoundingClientRect().width;
    if (fingers.size === 1) pan(-moved[0] * scale, -moved[1] * scale);
    else {
      const other = [...fingers.values()].find((finger) => finger.pointerId !== event.pointerId);
      const apart = (finger) => Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY);
      zoom(apart(event) / Math.max(1, apart(before)), ...onPlan(other));
    }
    fingers.set(event.pointerId, event);
  });

  for (const name of ["pointerup", "pointercancel"])
    document.addEventListener(name, (event) => {
      fingers.delete(event.pointerId);
      if (!fingers.size) plan()?.classList.remove("dragging");
    });

  document.addEventListener("dragstart", (event) => event.target.closest?.("svg.plan") && event.preventDefault());
  document.addEventListener("htmx:after:swap", start);
  document.addEventListener("DOMContentLoaded", start);
  window.addEventListener("resize", () => plan() && view && frame());
  if (document.readyState !== "loading") start();
  quayside.map = { plan, across, centre, onPlan, hold, scale: () => view[2] / plan().getBoundingClientRect().width };
})();
