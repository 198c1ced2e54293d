// What opens a part of the contents is a sign; those who do not see it hear what it does.
document.addEventListener("DOMContentLoaded", () => {
  for (const sign of document.querySelectorAll("summary .toctree-toggle")) {
    const link = sign.closest("li")?.querySelector("a");
    sign.parentElement.setAttribute("aria-label", `Pages below ${link?.textContent.trim() ?? "this"}`);
  }
});
