// A box drawn over a picture or a stopped video, in the picture's own pixels. It is kept in the fields of the form below, so
// that typing numbers, drawing and moving with the arrow keys are one and the same.
(() => {
  const media = (place) => place.querySelector("img, video");
  const natural = (shown) => [shown.naturalWidth || shown.videoWidth || 0, shown.naturalHeight || shown.videoHeight || 0];
  const form = (place) => place.parentElement.querySelector("form.place");
  const field = (place, name) => form(place).elements.namedItem(name);

  // the picture's own pixels per pixel on the screen, and where it begins within the element (a video may have bars)
  const scale = (place) => {
    const shown = media(place), [width, height] = natural(shown);
    const box = shown.getBoundingClientRect(), outer = place.getBoundingClientRect();
    if (!width || !box.width) return null;
    const ratio = Math.max(width / box.width, height / box.height);
    return {
      ratio, width, height,
      left: box.left - outer.left + (box.width - width / ratio) / 2,
      top: box.top - outer.top + (box.height - height / ratio) / 2,
    };
  };

  const read = (place) => ["x", "y", "w", "h"].map((name) => parseFloat(field(place, name).value));
  const show = (place) => {
    const frame = place.querySelector(".frame"), now = scale(place), [x, y, w, h] = read(place);
    const whole = now && [x, y, w, h].every(Number.isFinite) && w > 0 && h > 0;
    frame.classList.toggle("drawn", Boolean(whole));
    if (!whole) return;
    frame.style.left = `${now.left + x / now.ratio}px`;
    frame.style.top = `${now.top + y / now.ratio}px`;
    frame.style.width = `${w / now.ratio}px`;
    frame.style.height = `${h / now.ratio}px`;
  };
  const write = (place, x, y, w, h) => {
    const now = scale(place);
    if (!now) return;
    const keep = (value, most) => Math.min(Math.max(value, 0), most);
    [x, y] = [keep(x, now.width - 1), keep(y, now.height - 1)];
    [w, h] = [Math.min(Math.max(w, 1), now.width - x), Math.min(Math.max(h, 1), now.height - y)];
    for (const [name, value] of Object.entries({ x, y, w, h })) field(place, name).value = Math.round(value);
    const video = place.querySelector("video"), from = field(place, "from_s"), to = field(place, "to_s");
    if (video && from && from.value === "" && to.value === "") {
      from.value = Math.max(0, video.currentTime - 1).toFixed(2);
      to.value = (video.currentTime + 1).toFixed(2);
    }
    show(place);
  };

  let drawing = null;
  const at = (place, event) => {
    const now = scale(place), outer = place.getBoundingClientRect();
    return now && [(event.clientX - outer.left - now.left) * now.ratio, (event.clientY - outer.top - now.top) * now.ratio];
  };
  document.addEventListener("pointerdown", (event) => {
    const place = event.target.closest?.("[data-draw]");
    if (!place || event.button !== 0) return;
    const video = event.target.closest("video");
    // the foot of a video is its controls
    if (video && event.clientY > video.getBoundingClientRect().bottom - 72) return;
    const begun = at(place, event);
    if (!begun) return;
    if (video) video.pause();
    event.preventDefault();
    drawing = { place, begun };
  });
  document.addEventListener("pointermove", (event) => {
    if (!drawing) return;
    const { place, begun: [x, y] } = drawing, [u, v] = at(place, event);
    write(place, Math.min(x, u), Math.min(y, v), Math.abs(u - x), Math.abs(v - y));
  });
  document.addEventListener("pointerup", () => { drawing = null; });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-draw] video")) event.preventDefault();
  });

  document.addEventListener("keydown", (event) => {
    const frame = event.target.closest?.("[data-draw] .frame");
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!frame || !way) return;
    event.preventDefault();
    const place = frame.closest("[data-draw]"), now = scale(place);
    if (!now) return;
    let [x, y, w, h] = read(place);
    if (![x, y, w, h].every(Number.isFinite)) [x, y, w, h] = [now.width * 0.45, now.height * 0.45, now.width * 0.1, now.height * 0.1];
    const step = Math.max(1, Math.round(Math.max(now.width, now.height) / 100)), [dx, dy] = way;
    if (event.shiftKey) write(place, x, y, w + dx * step, h + dy * step);
    else write(place, x + dx * step, y + dy * step, w, h);
  });
  document.addEventListener("input", (event) => {
    const place = event.target.closest?.("form.place")?.parentElement.querySelector("[data-draw]");
    if (place) show(place);
  });
  const again = () => document.querySelectorAll("[data-draw]").forEach(show);
  addEventListener("resize", again);
  document.addEventListener("toggle", again, true);
})();
