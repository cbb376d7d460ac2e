// Before anything is drawn: light or dark as the reader chose; without a choice, as the system is.
{
  let chosen = null;
  try {
    chosen = localStorage.getItem("theme");
  } catch {
    // A browser may keep nothing: then the system's is what there is.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
