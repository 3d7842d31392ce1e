// Uploads: each file on its own with a bar, from the field or dropped; without a script the form is sent as it is.
(() => {
  const LARGEST = 50 * 1024 * 1024;
  const queue = [];
  let current = null; // the one that is on its way

  const make = (tag, className, text) => Object.assign(document.createElement(tag), { className, textContent: text ?? "" });
  const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  const add = (form, files) => {
    const list = form.querySelector("[data-sending]");
    for (const old of list.querySelectorAll("[data-over]")) old.remove();
    for (const file of files) {
      const line = make("li", "sending-line");
      const bar = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
      bar.setAttribute("aria-label", file.name);
      const state = make("span", "state", form.dataset.waiting);
      const button = Object.assign(make("button", "btn quiet s", form.dataset.stop), { type: "button" });
      line.append(make("span", "name", file.name), bar, state, button);
      list.append(line);
      const item = { form, file, line, bar, state, button, key: newKey() };
      button.addEventListener("click", () => (line.hasAttribute("data-over") ? again(item) : stop(item)));
      if (file.size > LARGEST) finish(item, "bad", form.dataset.large, false);
      else if (file.size === 0) finish(item, "bad", form.dataset.empty, false);
      else queue.push(item);
    }
    next();
  };

  const finish = (item, tone, text, mayRepeat) => {
    item.line.dataset.over = tone;
    item.state.textContent = text;
    item.button.hidden = !mayRepeat;
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
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      item.bar.value = event.loaded / event.total;
      item.state.textContent = `${Math.round((100 * event.loaded) / event.total)} %`;
    });
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
