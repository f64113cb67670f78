// Keys for who compares faces: 1, 2, 3 answer for the face where the keyboard is, or else for the first without an answer.
(() => {
  const typed = (element) => element.matches?.("textarea, input[type=text], select");
  const faces = () => [...document.querySelectorAll("[data-compare] [data-face]")];
  const answered = (face) => face.querySelector("input[type=radio]:checked");
  const go = (face) => {
    if (!face) { document.querySelector("[data-compare] button[type=submit]").focus(); return; }
    (answered(face) || face.querySelector("input[type=radio]")).focus({ preventScroll: true });
    face.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if (!document.querySelector("[data-compare]") || event.ctrlKey || event.metaKey || event.altKey || typed(event.target)) return;
    const all = faces(), here = event.target.closest?.("[data-face]");
    const face = here || all.find((one) => !answered(one)) || all[0];
    if ("123".includes(event.key)) {
      event.preventDefault();
      const box = face.querySelectorAll("input[type=radio]")[Number(event.key) - 1];
      box.checked = true;
      if (event.key === "3") go(all[all.indexOf(face) + 1]);
      else { face.querySelector("input[type=checkbox]").focus({ preventScroll: true }); face.scrollIntoView({ block: "nearest" }); }
    } else if (event.key.toLowerCase() === "n") {
      event.preventDefault();
      go(here ? all[all.indexOf(here) + 1] : face);
    }
  });
})();
