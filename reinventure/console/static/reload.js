// Loading the page anew, which would cancel a link or form that the user has just followed.

let leaving = false;
addEventListener("beforeunload", () => { leaving = true; });
addEventListener("pageshow", () => { leaving = false; });

export function reload() {
  if (!leaving) location.reload();
}
