// Uploads: each file on its own with a bar, from the field or dropped; or one among the fields of a form, while that is
// sent. Without a script the form is sent as it is.
(() => {
  const LARGEST = 50 * 1024 * 1024;
  const queue = [];
  let current = null; // the one that is on its way

  const make = (tag, className, text) => Object.assign(document.createElement(tag), { className, textContent: text ?? "" });
  const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  const add = (form, files) => {
    for (const old of form.querySelectorAll("[data-over]")) old.remove();
    for (const file of files) {
      const item = begin(form, file);
      item.button.addEventListener("click", () => (item.line.hasAttribute("data-over") ? again(item) : stop(item)));
      if (!item.line.dataset.over) queue.push(item);
    }
    next();
  };

  // The line of a file; it is over at once where it cannot be sent.
  const begin = (form, file) => {
    const line = make("li", "sending-line");
    const bar = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
    bar.setAttribute("aria-label", file.name);
    const state = make("span", "state", form.dataset.waiting);
    const button = Object.assign(make("button", "btn quiet s", form.dataset.stop), { type: "button" });
    line.append(make("span", "name", file.name), bar, state, button);
    form.querySelector("[data-sending]").append(line);
    const item = { form, file, line, bar, state, button, key: newKey() };
    const trouble = file.size > LARGEST ? form.dataset.large : file.size === 0 ? form.dataset.empty : null;
    if (trouble) {
      finish(item, "bad", trouble, false);
      quayside.announce(`${file.name}: ${trouble}`);
    }
    return item;
  };

  const watch = (request, item) =>
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      item.bar.value = event.loaded / event.total;
      item.state.textContent = `${Math.round((100 * event.loaded) / event.total)} %`;
    });

  const finish = (item, tone, text, mayRepeat) => {
    item.line.dataset.over = tone;
    item.state.textContent = text;
    const hadFocus = item.button === document.activeElement;
    item.button.hidden = !mayRepeat;
    // A button that goes leaves the keyboard with the one that sends.
    if (hadFocus && !mayRepeat) item.form.querySelector("button[type=submit]")?.focus();
    item.button.textContent = item.form.dataset.again;
  };

  const again = (item) => {
    delete item.line.dataset.over;
    item.button.textContent = item.form.dataset.stop;
    item.state.textContent = item.form.dataset.waiting;
    item.bar.value = 0;
    queue.push(item);
    next();
  };

  const stop = (item) => {
    const at = queue.indexOf(item);
    if (at >= 0) queue.splice(at, 1);
    clearTimeout(item.timer);
    item.request?.abort();
    finish(item, "warn", item.form.dataset.stopped, true);
    if (current === item) over(item);
  };

  const next = () => {
    if (current || !queue.length) return;
    current = queue.shift();
    send(current);
  };

  const over = (item) => {
    current = null;
    if (queue.length) return next();
    const lines = [...item.form.querySelectorAll("[data-over]")];
    const failed = lines.some((line) => line.dataset.over !== "ok");
    quayside.announce(failed ? item.form.dataset.failed : item.form.dataset.done);
    if (lines.some((line) => line.dataset.over === "ok")) {
      htmx.ajax("GET", location.pathname + location.search, { target: "#main", swap: "innerMorph" });
    }
  };

  const send = (item) => {
    const { form, file } = item;
    const field = form.querySelector("input[type=file]");
    const body = new FormData(form);
    body.set("_key", item.key);
    body.delete(field.name);
    body.append(field.name, file);
    const request = (item.request = new XMLHttpRequest());
    request.open("POST", form.action);
    request.setRequestHeader("HX-Request-Type", "partial");
    watch(request, item);
    request.addEventListener("load", () => answered(item, request));
    request.addEventListener("error", () => {
      finish(item, "bad", form.dataset.lost, true);
      over(item);
    });
    request.send(body);
  };

  const answered = (item, request) => {
    const { form } = item;
    if (request.status === 429) {
      // So many a minute may be sent; this one goes on by itself.
      const seconds = Number(request.getResponseHeader("Retry-After")) || 10;
      item.state.textContent = form.dataset.waiting;
      item.bar.value = 0;
      item.timer = setTimeout(() => send(item), seconds * 1000);
      return;
    }
    if (request.status < 400) {
      item.bar.value = 1;
      finish(item, "ok", form.dataset.sent, false);
    } else {
      finish(item, "bad", reason(request) || form.dataset.lost, request.status !== 422);
    }
    over(item);
  };

  const reason = (request) => {
    if (request.status === 401) return quayside.words("signedOut");
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    return page.querySelector(".field .error span, [data-error] p")?.textContent.trim();
  };

  const take = (form, files) => {
    if (files.length) add(form, [...files]);
    form.querySelector("input[type=file]").value = "";
  };

  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (event.target.type === "file" && form?.matches("[data-sender]")) take(form, event.target.files);
  });

  document.addEventListener("submit", (event) => {
    const field = event.target.matches("[data-sender]") && event.target.querySelector("input[type=file]");
    if (!field || !field.files.length) return;
    event.preventDefault();
    take(event.target, field.files);
  });

  // One file among other fields. What is refused comes as the page it is, with what was typed.
  const sendWith = (form, file) => {
    form.querySelector("[data-sending]").replaceChildren();
    const item = begin(form, file);
    if (item.line.dataset.over) return;
    const request = (current = new XMLHttpRequest());
    const fail = (text) => {
      current = null;
      finish(item, "bad", text, false);
      quayside.announce(text);
    };
    item.button.addEventListener("click", () => request.abort());
    request.open("POST", form.action);
    request.setRequestHeader("X-Lead", "by-hand");
    watch(request, item);
    request.addEventListener("abort", () => fail(form.dataset.stopped));
    request.addEventListener("error", () => fail(form.dataset.lost));
    request.addEventListener("load", () => {
      const address = request.getResponseHeader("X-Location");
      const main = new DOMParser().parseFromString(request.responseText, "text/html").getElementById("main");
      if (address) {
        current = null;
        delete form.dataset.dirty;
        location.assign(address);
      } else if (main) {
        current = null;
        document.getElementById("main").replaceWith(main);
        htmx.process(main);
        (main.querySelector("[role=alert]") ?? main.querySelector("h1"))?.focus();
      } else fail(reason(request) || form.dataset.lost);
    });
    request.send(new FormData(form));
  };

  document.addEventListener("submit", (event) => {
    const file = event.target.matches("form[data-one-file]") && event.target.querySelector("input[type=file]")?.files[0];
    if (!file || event.defaultPrevented) return;
    event.preventDefault();
    if (!current) sendWith(event.target, file);
  });

  // A file dropped on the list goes where the form beside it sends it.
  const senderOf = (target) => {
    const zone = target.closest?.("[data-sender] [data-drop], [data-drop-for]");
    return zone && { zone, form: zone.closest("form") ?? document.querySelector("form[data-sender]") };
  };
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      const found = senderOf(event.target);
      if (!found?.form || !event.dataTransfer?.types.includes("Files")) return;
      found.zone.classList.toggle("over", kind === "dragover");
      if (kind === "dragleave") return;
      event.preventDefault();
      if (kind === "drop") take(found.form, event.dataTransfer.files);
    });
  }

  window.addEventListener("beforeunload", (event) => {
    if (current) event.preventDefault();
  });
})();
