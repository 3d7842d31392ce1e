// Arranging the map: docks and single berths are dragged, or picked up with Space and moved by keys; a hidden form saves
// where they are dropped, and what it answers is the map as it is then.
(() => {
  const { plan, across, centre, onPlan, hold, scale } = quayside.map;
  const STEADY = 5; // pixels that are no drag yet
  const MOST = 50_000; // decimetres of a plan
  const STEPS = { dock: [10, 100], spot: [5, 50] }; // decimetres by a key, and with Shift
  const SNAP = { dock: 10, spot: 1 };
  const TURN = 5; // degrees by a key
  const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
  let held = null; // what is moved
  let dropped = null; // what is being saved
  let grip = null; // of the pointer: what it took hold of, and where
  let dragged = false;

  const page = () => document.querySelector(".map-page.arranges");
  const rounded = (value, to) => Math.min(MOST, Math.max(0, Math.round(value / to) * to));

  // Where the thing with this id lies: its node is drawn turned around x and y, which is the point x0, y0 of the node.
  const found = (id) => {
    const root = document.getElementById(id);
    if (!root) return null;
    const kind = id.split("-")[0];
    const spot = root.firstElementChild;
    const shape = spot.firstElementChild;
    const [width, height] = [shape.width.baseVal.value, shape.height.baseVal.value];
    const pier = root.closest("[data-pier]");
    const was = root.dataset.was;
    const bow = Number(root.dataset.bow ?? 0);
    const thing = { id, kind, spot, node: pier, was, bow, width, height, x0: 0, y0: 0 };
    const [pierTurn] = Array.from(pier.transform.baseVal).filter((one) => one.type === SVGTransform.SVG_TRANSFORM_ROTATE);
    const turned = pierTurn?.angle ?? 0;
    if (kind === "dock" && !was) {
      const [x, y] = across(spot, [0, shape.classList.contains("deck") ? height / 2 : 0]);
      return { ...thing, x, y, x0: x, y0: y, turn: 0 };
    }
    if (kind === "dock" || was) {
      const [x, y] = across(pier, [0, 0]);
      return { ...thing, x, y, turn: turned };
    }
    const [x0, y0] = across(spot, [width / 2, height / 2]);
    const [x, y] = centre(spot);
    return { ...thing, x, y, x0, y0, turn: (turned + bow) % 360, isOnDock: true };
  };

  const draw = () => {
    const { node, x, y, turn, bow, x0, y0 } = held;
    node.setAttribute("transform", `translate(${x} ${y})rotate(${turn - bow})${x0 || y0 ? `translate(${-x0} ${-y0})` : ""}`);
    showTurner(held);
  };

  // A berth of a dock leaves it for a group of its own.
  const lift = (id, at = {}) => {
    held = found(id);
    if (!held) return;
    held.before = held.node.getAttribute("transform");
    held.first = { x: held.x, y: held.y, turn: held.turn };
    if (held.isOnDock) {
      const root = held.spot.parentElement;
      held.home = [root.parentElement, root.nextSibling];
      held.node = document.createElementNS(root.namespaceURI, "g");
      held.node.id = id.replace("spot", "single");
      held.node.dataset.pier = "";
      plan().append(held.node);
      held.node.append(root);
    }
    Object.assign(held, at);
    held.spot.classList.add("held");
    draw();
  };

  const settle = (thing) => {
    thing.spot.classList.remove("held");
    if (thing.home) {
      thing.home[0].insertBefore(thing.spot.parentElement, thing.home[1]?.isConnected ? thing.home[1] : null);
      thing.node.remove();
    } else if (thing.before) thing.node.setAttribute("transform", thing.before);
    else thing.node.removeAttribute("transform");
    showTurner(found(thing.id));
  };

  const putBack = (words) => {
    const thing = held;
    held = grip = null;
    settle(thing);
    if (words) quayside.announce(words);
    thing.spot.focus({ preventScroll: true });
  };

  const moveTo = (x, y) => {
    held.x = rounded(x, SNAP[held.kind]);
    held.y = rounded(y, SNAP[held.kind]);
    draw();
  };

  const turnTo = (degrees) => {
    held.turn = (((Math.round(degrees) % 360) + 360) % 360);
    held.x = rounded(held.x, SNAP[held.kind]);
    held.y = rounded(held.y, SNAP[held.kind]);
    draw();
  };

  const drop = () => {
    const thing = held;
    const { first } = thing;
    if (first.x === thing.x && first.y === thing.y && first.turn === thing.turn) return putBack();
    held = grip = null;
    dropped = thing;
    thing.spot.classList.remove("held");
    const form = document.getElementById(`drop-${thing.kind}`);
    const label = thing.was.split(" ").slice(3).map((value) => (value === "-" ? "" : value));
    const values = [thing.x / 10, thing.y / 10, thing.turn, ...label];
    for (const [index, name] of form.dataset.fields.split(" ").entries()) form.elements[name].value = values[index] ?? "";
    form.elements.was.value = thing.was;
    history.replaceState(history.state, "", new URL(thing.spot.href.baseVal, location.href));
    form.setAttribute("action", `${form.dataset.path}/${thing.id.split("-")[1]}/place?_method=PUT`);
    form.requestSubmit();
  };

  // What turns it: a grip ahead of its bow, or of the head of the dock.
  const showTurner = (thing) => {
    plan()?.querySelector(".turner")?.remove();
    if (!thing) return;
    const ahead = thing.kind === "dock" ? thing.width + 60 : thing.height / 2 + 40;
    const angle = ((thing.kind === "dock" ? thing.turn : thing.turn - 90) * Math.PI) / 180;
    const beyond = (far) => [thing.x + Math.cos(angle) * far, thing.y + Math.sin(angle) * far];
    const [x, y] = beyond(ahead);
    const head = beyond(thing.kind === "dock" ? thing.width : thing.height / 2);
    const make = (name, values) => {
      const node = document.createElementNS(plan().namespaceURI, name);
      for (const [key, value] of Object.entries(values)) node.setAttribute(key, value);
      return node;
    };
    const group = make("g", { class: "turner", "aria-hidden": "true" });
    group.dataset.of = thing.id;
    group.append(make("path", { d: `M${head.join(" ")}L${x} ${y}` }), make("circle", { cx: x, cy: y, r: 14 * scale() }));
    plan().append(group);
  };

  const choose = async (spot) => {
    const address = new URL(spot.href.baseVal, location.href);
    hold(spot);
    history.replaceState(history.state, "", address);
    await htmx.ajax("GET", address.pathname + address.search, { target: "#main", swap: "innerMorph" });
    document.getElementById("panel-title")?.focus({ preventScroll: true });
  };

  const spotOf = (event) => (page() && event.target.closest?.(".plan .spot")) || null;

  // Before the map hears of it, which would pan.
  window.addEventListener("pointerdown", (event) => {
    dragged = false;
    const turner = page() && event.target.closest?.(".turner");
    const spot = spotOf(event);
    if (event.button || (!turner && !spot)) return;
    event.stopPropagation();
    if (held) drop();
    const id = turner ? turner.dataset.of : spot.parentElement.id;
    grip = { id, turns: Boolean(turner), pointer: event.pointerId, from: [event.clientX, event.clientY], start: onPlan(event) };
  }, true);

  window.addEventListener("pointermove", (event) => {
    if (!grip || grip.pointer !== event.pointerId) return;
    event.stopPropagation();
    if (!dragged && Math.hypot(event.clientX - grip.from[0], event.clientY - grip.from[1]) < STEADY) return;
    if (!dragged) lift(grip.id);
    dragged = true;
    if (!held) return;
    const [x, y] = onPlan(event);
    if (!grip.turns) return moveTo(held.first.x + x - grip.start[0], held.first.y + y - grip.start[1]);
    const degrees = (Math.atan2(y - held.y, x - held.x) * 180) / Math.PI + (held.kind === "dock" ? 0 : 90);
    turnTo(event.shiftKey ? Math.round(degrees / 15) * 15 : degrees);
  }, true);

  for (const name of ["pointerup", "pointercancel"])
    window.addEventListener(name, (event) => {
      if (!grip || grip.pointer !== event.pointerId) return;
      event.stopPropagation();
      grip = null;
      if (!dragged || !held) return;
      if (name === "pointerup") drop();
      else putBack();
    }, true);

  window.addEventListener("click", (event) => {
    const spot = spotOf(event);
    if (!spot || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    if ((!dragged || !event.detail) && !held) choose(spot);
  }, true);

  window.addEventListener("keydown", (event) => {
    const spot = spotOf(event);
    if (!spot || event.ctrlKey || event.metaKey || event.altKey) return;
    const way = WAYS[event.key];
    if (!held) {
      if (event.key !== " ") return;
      lift(spot.parentElement.id);
      held.spot.focus({ preventScroll: true });
      quayside.announce(page().dataset.moving);
    } else if (way) {
      const step = STEPS[held.kind][event.shiftKey ? 1 : 0];
      moveTo(held.x + way[0] * step, held.y + way[1] * step);
    } else if (event.key.toLowerCase() === "r") turnTo(held.turn + (event.shiftKey ? -TURN : TURN));
    else if (event.key === " " || event.key === "Enter") drop();
    else if (event.key === "Escape") putBack(page().dataset.back);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);

  const start = () => {
    if (!page()) return;
    document.querySelector(".legend.keys")?.removeAttribute("hidden");
    if (held) {
      // The map was drawn anew meanwhile: what is moved goes on from where it is, and is compared with what it was.
      const { id, x, y, turn, was, first } = held;
      lift(id, { x, y, turn, was, first });
      if (!held) grip = null;
    } else showTurner(found(plan()?.dataset.at ?? ""));
  };

  const failed = () => {
    if (dropped) settle(dropped);
    dropped = null;
  };

  document.addEventListener("htmx:after:swap", (event) => {
    const { ctx } = event.detail;
    const isAnswer = dropped && ctx?.sourceElement?.id === `drop-${dropped.kind}`;
    if (isAnswer && ctx.target?.id !== "main") return failed();
    if (isAnswer) {
      const id = dropped.id;
      dropped = null;
      document.getElementById(id)?.firstElementChild.focus({ preventScroll: true });
    }
    start();
  });
  document.addEventListener("htmx:error", failed);
  if (document.readyState === "complete") start();
  else window.addEventListener("load", start);
})();
