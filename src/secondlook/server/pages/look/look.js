// Appearance, kept by this browser alone, and the menu on a narrow screen. Loaded in the head, before anything is drawn.
(() => {
  const root = document.documentElement;
  const kept = () => { try { return localStorage.getItem("secondlook-appearance") || "auto"; } catch { return "auto"; } };
  const show = (choice) => { if (choice === "auto") delete root.dataset.theme; else root.dataset.theme = choice; };
  show(kept());

  document.addEventListener("change", (event) => {
    if (!event.target.matches?.("[data-theme-choice]")) return;
    try { localStorage.setItem("secondlook-appearance", event.target.value); } catch { /* then it lasts as long as the page */ }
    show(event.target.value);
  });

  // the page is drawn after this ran: the select shows what was kept as soon as it is there
  new MutationObserver((_, observer) => {
    const select = document.querySelector("[data-theme-choice]");
    if (!select) return;
    select.value = kept();
    observer.disconnect();
  }).observe(root, { childList: true, subtree: true });

  const menu = (open) => {
    const button = document.querySelector("[data-menu]");
    if (!button || (button.getAttribute("aria-expanded") === "true") === open) return;
    button.setAttribute("aria-expanded", String(open));
    root.classList.toggle("menu-open", open);
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-menu]");
    if (button) menu(button.getAttribute("aria-expanded") !== "true");
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !root.classList.contains("menu-open")) return;
    menu(false);
    document.querySelector("[data-menu]").focus();
  });
})();
