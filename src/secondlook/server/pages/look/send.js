// Files that are chosen or dropped are sent as they are, one after another, straight to where data-send says; what came of
// each is told to the element as an event "sent", and in a list below it. A form named by data-along must be filled in, and is
// sent along in a header; an image named by data-shown-in shows what was chosen.
(() => {
  const line = (list, name) => {
    const item = document.createElement("li");
    const called = document.createElement("bdi");
    called.textContent = name;
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.setAttribute("aria-label", `Sending ${name}`);
    item.append(called, bar);
    list.append(item);
    return { item, bar };
  };

  const post = (place, file, progress) => new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", place.dataset.send);
    request.setRequestHeader("X-CSRF-Token", place.dataset.csrf);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Content-Disposition", `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`);
    const along = place.dataset.along && document.getElementById(place.dataset.along);
    if (along) request.setRequestHeader("X-Fields", encodeURIComponent(JSON.stringify(Object.fromEntries(new FormData(along)))));
    request.upload.onload = () => progress(null);
    request.upload.onprogress = (event) => { if (event.lengthComputable) progress(event.loaded / event.total); };
    request.onloadend = () => {
      let said = {};
      try { said = JSON.parse(request.responseText); } catch { /* then there is no sentence */ }
      const good = request.status >= 200 && request.status < 300;
      done({ good, said, sentence: good ? "" : said.detail || "It could not be sent: the connection was lost. Send it again." });
    };
    request.send(file);
  });

  const preview = (place, file) => {
    const image = place.dataset.shownIn && document.getElementById(place.dataset.shownIn);
    if (!image) return;
    if (image.src) URL.revokeObjectURL(image.src);
    image.onload = () => { image.hidden = false; };
    image.onerror = () => { image.hidden = true; };  // a format that browsers do not show
    image.src = URL.createObjectURL(file);
  };

  // what was ticked stays so when its list is drawn anew, and what was just sent is ticked
  const ticks = new Map();
  const ticked = (box) => box.matches?.("input[type=checkbox][name*=':']");
  document.addEventListener("change", (event) => { if (ticked(event.target)) ticks.set(event.target.name, event.target.checked); });
  new MutationObserver((changes) => {
    for (const node of changes.flatMap((change) => [...change.addedNodes])) {
      for (const box of node.querySelectorAll?.("input[type=checkbox]") || []) {
        if (ticked(box) && ticks.has(box.name)) box.checked = ticks.get(box.name);
      }
    }
  }).observe(document.documentElement, { childList: true, subtree: true });

  const sendAll = async (place, files) => {
    const along = place.dataset.along && document.getElementById(place.dataset.along);
    if (along && !along.reportValidity()) return;
    const list = place.querySelector("[data-sending]");
    const waiting = [...files].map((file) => [file, line(list, file.name)]);
    for (const [file, shown] of waiting) {
      preview(place, file);
      const answer = await post(place, file, (share) => {
        if (share === null) shown.bar.removeAttribute("value"); else shown.bar.value = share;
      });
      shown.bar.remove();
      if (answer.good) {
        if (answer.said.id) ticks.set(`upload:${answer.said.id}`, true);
        shown.item.remove();
      } else {
        const sentence = document.createElement("p");
        sentence.className = "sentence refused";
        sentence.textContent = answer.sentence;
        shown.item.append(sentence);
      }
      place.dispatchEvent(new CustomEvent("sent", { detail: { ...answer, name: file.name } }));
    }
  };

  document.addEventListener("change", (event) => {
    const place = event.target.matches?.("input[type=file]") && event.target.closest("[data-send]");
    if (!place) return;
    const files = [...event.target.files];
    event.target.value = "";
    sendAll(place, files);
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      const place = event.target.closest?.("[data-send]");
      if (!place && kind !== "dragleave") { event.preventDefault(); event.dataTransfer.dropEffect = "none"; return; }
      if (!place) return;
      event.preventDefault();
      place.classList.toggle("over", kind === "dragover");
      if (kind !== "drop") return;
      const several = place.querySelector("input[type=file]").multiple;
      sendAll(place, several ? event.dataTransfer.files : [...event.dataTransfer.files].slice(0, 1));
    });
  }
})();
