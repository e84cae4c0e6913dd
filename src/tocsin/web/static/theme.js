// Runs before the first paint, so that a chosen theme does not flash. Without script the system's choice holds.
(() => {
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch { /* storage may be forbidden; the system's choice then holds */ }
})();
