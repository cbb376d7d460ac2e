// What happens, said to people who do not see it.

const PAUSE = 120; // ms: a region that is emptied and filled at once is not read

let waiting = 0;

/** Have the words read aloud, after what is being read; the last words win. */
export function announce(words) {
  const region = document.getElementById("announcements");
  clearTimeout(waiting);
  region.textContent = "";
  waiting = setTimeout(() => {
    region.textContent = words;
  }, PAUSE);
}
