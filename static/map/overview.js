// The overview map: harbours and docks at their coordinates, on tiles or on plain water. What a pin says stands in the list beside it.
(() => {
  const CLOSEST = 19;
  const ALONE = 16; // how close a single place is looked at
  const APART = 46; // pixels between two pins
  const WIDE = 80; // as wide as a pin is that says how many berths are free
  const LINES_APART = 120;
  const MINUTES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200];

  let map = null;
  let tiles = null;
  let lines = null;
  const pins = new Map(); // what is shown by its name → marker

  const chart = () => document.querySelector("[data-overview]");
  const at = (element) => element.dataset.at.split(",").map(Number);
  const placed = (root, selector) => [...root.querySelectorAll(`${selector}[data-at]`)];
  const docksOf = (harbour) => placed(harbour, "li");
  const placesOf = (harbour) => (docksOf(harbour).length ? docksOf(harbour) : [harbour]).map(at);

  // --- Where they stand

  const show = (places) => {
    const bounds = L.latLngBounds(places);
    const one = bounds.getNorthEast().equals(bounds.getSouthWest());
    if (one) map.setView(bounds.getCenter(), ALONE);
    else map.fitBounds(bounds, { padding: [70, 70], maxZoom: CLOSEST - 1 });
  };

  const all = () => show(placed(document, "[data-harbour]").flatMap(placesOf));

  const near = (one, other, wide = APART) => {
    const apart = map.project(one).subtract(map.project(other));
    return Math.hypot((apart.x * APART) / wide, apart.y) < APART;
  };

  // A harbour is one pin until its docks stand apart; harbours that are as near as that share one.
  const marks = () => {
    const found = [];
    const groups = [];
    for (const harbour of placed(document, "[data-harbour]")) {
      const docks = docksOf(harbour);
      const apart = docks.length > 1 && docks.every((dock, place) => docks.slice(0, place).every((other) => !near(at(dock), at(other))));
      if (apart) found.push(...docks.map((dock) => ({ name: dock.id, place: at(dock), pin: ownPin(dock) })));
      else {
        const group = groups.find((one) => near(one.place, at(harbour), WIDE));
        if (group) group.harbours.push(harbour);
        else groups.push({ place: at(harbour), harbours: [harbour] });
      }
    }
    for (const { place, harbours } of groups) {
      const pin = harbours.length > 1 ? sharedPin(harbours) : ownPin(harbours[0]);
      found.push({ name: harbours.map((one) => one.id).join(" "), place, pin });
    }
    return found;
  };

  const ownPin = (element) => element.querySelector("template").content.firstElementChild.cloneNode(true);

  const sharedPin = (harbours) => {
    const pin = document.getElementById("pin-of-several").content.firstElementChild.cloneNode(true);
    const sum = (name) => harbours.reduce((total, one) => total + Number(one.dataset[name]), 0);
    const free = sum("free");
    pin.dataset.harbours = harbours.map((one) => one.id).join(" ");
    pin.querySelector(".pin-name").textContent = pin.dataset.name.replace("{count}", harbours.length);
    pin.querySelector("[data-free]").textContent = free.toLocaleString(document.documentElement.lang);
    pin.querySelector(".pin-of").textContent = ` ${pin.dataset.of.replace("{count}", sum("berths").toLocaleString(document.documentElement.lang))}`;
    pin.querySelector(".pin-free").classList.toggle("none", !free);
    return pin;
  };

  const draw = () => {
    const found = marks();
    const names = new Set(found.map((mark) => mark.name));
    for (const [name, marker] of pins)
      if (!names.has(name)) {
        marker.remove();
        pins.delete(name);
      }
    for (const { name, place, pin } of found) {
      const marker = pins.get(name);
      if (!marker) {
        const icon = L.divIcon({ className: "", html: pin, iconSize: [0, 0] });
        pins.set(name, L.marker(place, { icon, interactive: false, keyboard: false }).addTo(map));
        continue;
      }
      marker.setLatLng(place);
      const old = marker.getElement().firstElementChild;
      if (old.isEqualNode(pin)) continue;
      const hadFocus = old === document.activeElement;
      old.replaceWith(pin);
      if (hadFocus) pin.focus();
    }
    tighten();
  };

  // Pins that lie over each other, or reach out of the map, say only how many berths are free, until somebody looks at one.
  const tighten = () => {
    const shown = [...pins.values()].map((marker) => marker.getElement());
    for (const one of shown) one.classList.remove("tight");
    const boxes = shown.map((one) => one.firstElementChild.getBoundingClientRect());
    const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    const frame = map.getContainer().getBoundingClientRect();
    const isCut = ({ left, right }) => left < frame.left || right > frame.right;
    shown.forEach((one, place) => {
      const own = boxes[place];
      one.classList.toggle("tight", isCut(own) || boxes.some((box, other) => other !== place && overlap(box, own)));
    });
  };

  // --- Degrees and minutes, where no tiles say where one is

  const step = (pixelsOfMinute) => MINUTES.find((minutes) => minutes * pixelsOfMinute >= LINES_APART) ?? MINUTES.at(-1);

  const written = (minutes, every, [positive, negative]) => {
    const size = Math.abs(minutes);
    const digits = every < 0.1 ? 2 : every < 1 ? 1 : 0;
    const rest = (size % 60).toFixed(digits).padStart(digits ? 3 + digits : 2, "0");
    return `${Math.floor(size / 60)}° ${rest}′ ${minutes < 0 ? negative : positive}`;
  };

  const grid = () => {
    lines.clearLayers();
    if (tiles) return;
    const size = map.getSize();
    const [top, left] = [map.containerPointToLatLng([0, 0]).lat, map.containerPointToLatLng([0, 0]).lng];
    const [bottom, right] = [map.containerPointToLatLng(size).lat, map.containerPointToLatLng(size).lng];
    const [high, wide] = [top - bottom, right - left];
    const line = (from, to) => L.polyline([from, to], { className: "graticule", interactive: false }).addTo(lines);
    const label = (place, text, anchor) => {
      const icon = L.divIcon({ className: "degrees", html: Object.assign(document.createElement("span"), { textContent: text }), iconSize: null, iconAnchor: anchor });
      L.marker(place, { icon, interactive: false, keyboard: false, zIndexOffset: -10000 }).addTo(lines);
    };
    const eachLine = (low, high, pixels, act) => {
      const every = step(pixels / ((high - low) * 60));
      for (let at = Math.ceil((low * 60) / every); at * every <= high * 60; at++) act(at * every, every);
    };
    eachLine(bottom, top, size.y, (minutes, every) => {
      line([minutes / 60, left - wide], [minutes / 60, right + wide]);
      label([minutes / 60, left], written(minutes, every, "NS"), [-6, 15]);
    });
    eachLine(left, right, size.x, (minutes, every) => {
      line([bottom - high, minutes / 60], [top + high, minutes / 60]);
      label([top, minutes / 60], written(minutes, every, "EW"), [-5, -5]);
    });
  };

  // --- The map

  const open = (box) => {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const calm = { zoomAnimation: !still, fadeAnimation: !still, markerZoomAnimation: !still, inertia: !still };
    map = L.map(box, { zoomControl: false, attributionControl: false, maxZoom: CLOSEST, zoomSnap: 0.5, renderer: L.svg({ padding: 1 }), ...calm });
    pins.clear();
    L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
    lines = L.layerGroup().addTo(map);
    tiles = box.dataset.tiles ? L.tileLayer(box.dataset.tiles, { maxZoom: CLOSEST }).addTo(map) : null;
    let answered = false;
    // Leaflet is not through with them yet when it says so.
    tiles?.once("tileload", () => (answered = true)).on("load", () => answered || queueMicrotask(withoutTiles));
    all();
    map.on("zoomend", draw);
    map.on("moveend", () => {
      grid();
      tighten();
    });
    grid();
  };

  // A server of tiles that answers nothing leaves the water and its degrees; one tile that is missing is none.
  const withoutTiles = () => {
    tiles?.remove();
    tiles = null;
    credit();
    grid();
  };

  // Nobody has made the water.
  const credit = () => document.querySelector(".map-page > .credit")?.toggleAttribute("hidden", !tiles);

  const start = () => {
    const box = chart();
    if (!box) return;
    if (map?.getContainer() !== box) open(box);
    credit();
    draw();
  };

  const look = (harbours) => {
    show(harbours.flatMap(placesOf));
    draw();
  };

  const ZOOMS = { in: () => map.zoomIn(1), out: () => map.zoomOut(1), all };

  document.addEventListener("click", (event) => {
    const pressed = event.target.closest?.("[data-zoom], [data-find], .chart .pin");
    if (!pressed || !map) return;
    // What ends a drag of the map over a pin is no press of it.
    if (pressed.matches(".pin") && event.detail && map.dragging?.moved()) event.preventDefault();
    else if (pressed.dataset.zoom) ZOOMS[pressed.dataset.zoom]();
    else if (pressed.dataset.harbours) look(pressed.dataset.harbours.split(" ").map((id) => document.getElementById(id)));
    else if (pressed.hasAttribute("data-find")) {
      look([pressed.closest("[data-harbour]")]);
      if (innerWidth < 1024) chart().parentElement.scrollIntoView({ block: "center" });
    }
  }, true);

  // Tab brings what it reaches into sight.
  document.addEventListener("focusin", (event) => {
    const marker = [...pins.values()].find((one) => one.getElement()?.contains(event.target));
    if (marker && !map.getBounds().pad(-0.05).contains(marker.getLatLng())) map.panTo(marker.getLatLng(), { animate: false });
  });

  document.addEventListener("htmx:after:swap", start);
  document.addEventListener("DOMContentLoaded", start);
  if (document.readyState !== "loading") start();
})();
