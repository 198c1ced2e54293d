"use strict";
const at = (id) => document.getElementById(id);
const form = at("form");
const chosen = { source: "", name: "" };
let law = "";
let busy = "";
let failed = false;
const waiting = new Map();

// --- what the controls say, and asking ---------------------------------------------------------------------------------

const said = () => {
  const filled = new FormData(form);
  return { ...Object.fromEntries(filled), columns: filled.getAll("columns"), ...chosen };
};
const more = {
  law: () => ({ law }),
  profile: () => ({ law, parameter: at("parameter").value }),
  calculate: () => ({ law, what: at("what").value, at: at("at").value, method: at("method").value }),
  groups: () => ({ by: at("by").value, law: at("groups-law").value }),
  regress: () => ({ formula: at("formula").value, law: at("regress-law").value, others: at("others").value, links: at("links").value, offset: at("offset").value }),
  goodness: () => ({ law, statistic: at("statistic").value, replicates: at("replicates").value }),
};
const ask = (verb, others = {}) => {
  if (!chosen.source) return;
  if (busy) { // one question at a time; of several that wait, the last of its kind
    waiting.set(verb, others);
    return;
  }
  busy = verb;
  at("problem").textContent = "";
  if (verb !== "save") at("warnings").replaceChildren();
  for (const place of document.querySelectorAll(".problem")) place.textContent = "";
  for (const control of document.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
  at("end").hidden = false;
  at("progress").hidden = false;
  at("progress").removeAttribute("value");
  say("working …");
  Shiny.setInputValue("ask", { verb, said: { ...said(), ...(more[verb]?.() ?? {}), ...others } }, { priority: "event" });
};
const say = (text) => { at("status").textContent = text; };
const idle = () => {
  busy = "";
  at("end").hidden = true;
  at("progress").hidden = true;
  const [next] = waiting;
  if (next) {
    waiting.delete(next[0]);
    ask(...next);
  }
};

// --- tabs --------------------------------------------------------------------------------------------------------------

const tabs = [...document.querySelectorAll('[role="tab"]')];
const select = (id, focus = false) => {
  for (const tab of tabs) {
    const here = tab.id === `tab-${id}`;
    tab.setAttribute("aria-selected", String(here));
    tab.tabIndex = here ? 0 : -1;
    at(tab.getAttribute("aria-controls")).hidden = !here;
    if (here && focus) tab.focus();
  }
};
tabs.forEach((tab, k) => {
  const id = (other) => other.id.replace("tab-", "");
  tab.addEventListener("click", () => select(id(tab)));
  tab.addEventListener("keydown", (event) => {
    const to = { ArrowRight: k + 1, ArrowLeft: k - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    select(id(tabs[(to + tabs.length) % tabs.length]), true);
  });
});

// --- controls ----------------------------------------------------------------------------------------------------------

const showKind = () => {
  for (const box of document.querySelectorAll(".kind")) {
    const here = box.dataset.kind === at("kind").value;
    box.hidden = !here;
    for (const control of box.querySelectorAll("select, input")) control.disabled = !here;
  }
  at("rows-counts").closest(".control").hidden = at("kind").value === "bins";
  at("rows-counts").disabled = at("kind").value === "bins";
};
const fillColumns = (names, anew) => {
  for (const box of document.querySelectorAll(".columns")) {
    const before = anew ? [] : [...box.querySelectorAll(":checked")].map((one) => one.value);
    box.replaceChildren(...names.map((name) => {
      const label = document.createElement("label");
      const one = Object.assign(document.createElement("input"), { type: "checkbox", name: "columns", value: name, checked: before.includes(name) });
      label.append(one, ` ${name}`);
      return label;
    }));
  }
};
const open = (source, name) => {
  Object.assign(chosen, { source, name });
  waiting.clear();
  ask("open");
};
const look = () => ask("look");
const complete = () => {
  const box = document.querySelector(`.kind[data-kind="${at("kind").value}"]`);
  const several = box.querySelector(".columns");
  return [...box.querySelectorAll("select.column")].every((control) => control.value) && (!several || box.querySelectorAll(":checked").length > 1);
};
at("set").addEventListener("change", () => at("set").value && open(at("set").value, at("set").value));
// A file that is dropped beside its place is taken too; a browser would leave the page for it.
for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  if (at("drop").contains(event.target) || !event.dataTransfer?.files.length) return;
  at("file").files = event.dataTransfer.files;
  at("file").dispatchEvent(new Event("change", { bubbles: true }));
});
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", (event) => {
  if (event.target.closest("#step-data details")) ask("open");
  else if (event.target.closest("#step-columns")) {
    showKind();
    if (chosen.source && complete()) look();
  }
});
for (const [id, verb] of [["formula", "regress"], ["others", "regress"], ["links", "regress"], ["regress-law", "regress"], ["groups-law", "groups"], ["at", "calculate"]]) {
  at(id).addEventListener("keydown", (event) => event.key === "Enter" && ask(verb));
}
at("laws").addEventListener("keydown", (event) => event.key === "Enter" && ask("rank"));
at("end").addEventListener("click", () => {
  waiting.clear();
  Shiny.setInputValue("ask", { verb: "end" }, { priority: "event" });
});
const toResults = () => {
  if (matchMedia("(max-width: 60rem)").matches) at("results").scrollIntoView();
  else scrollTo(0, 0);
};
const showLaw = (name) => {
  law = name;
  at("one").value = name;
  at("law-title").textContent = name;
  select("law");
  toResults();
  ask("law");
};
at("show-law").addEventListener("click", () => at("one").value.trim() && showLaw(at("one").value.trim()));
at("one").addEventListener("keydown", (event) => event.key === "Enter" && at("one").value.trim() && showLaw(at("one").value.trim()));
at("what").addEventListener("change", () => {
  at("at").value = { quantile: "0.5, 0.9, 0.99", return_level: "10, 100", exceedance: "" }[at("what").value];
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.verb) ask(button.dataset.verb);
  else if (button.dataset.law) showLaw(button.dataset.law);
  else if (button.dataset.file) {
    ask("save", { what: button.dataset.file, of: button.closest(".take").dataset.of });
  } else if (button.classList.contains("copy")) copy(button.parentElement.nextElementSibling.textContent, button.parentElement.firstChild.textContent.trim());
});

// --- answers -----------------------------------------------------------------------------------------------------------

const show = (place, html) => {
  at(place).innerHTML = html;
  enliven(at(place));
};
const lawButton = (name) => {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "law", textContent: name });
  button.dataset.law = name;
  return button;
};
const take = (place, answer) => {
  const box = at(`take-${place}`);
  box.replaceChildren(at("take").content.cloneNode(true));
  box.dataset.of = place;
  box.querySelector(".shell").textContent = answer.shell;
  box.querySelector(".python").textContent = answer.python;
  box.hidden = false;
};
const answers = {
  uploaded: ({ name }) => { at("set").value = ""; open("upload", name); },
  opened: (answer) => {
    document.querySelector(".empty").hidden = true;
    at("file_progress").style.visibility = "hidden";
    at("opened").textContent = `${answer.name.replace("@", "")}: ${answer.columns.length} column${answer.columns.length === 1 ? "" : "s"}${answer.said.length ? `; ${answer.said.join("; ")}` : ""}`;
    const before = Object.fromEntries([...document.querySelectorAll("select.column")].map((c) => [c.id, c.value]));
    for (const control of document.querySelectorAll("select.column")) {
      const names = ["event", "observed"].includes(control.name) ? answer.columns : answer.numeric;
      const shown = names.length ? names : answer.columns;
      control.replaceChildren(...["", ...shown].map((name) => Object.assign(document.createElement("option"), { value: name, textContent: name || "–" })));
      control.value = shown.includes(before[control.id]) ? before[control.id] : "";
    }
    const other = answer.name.startsWith("@") || at("kind").dataset.of !== answer.name;
    fillColumns(answer.numeric, other);
    if (other) {
      for (const control of document.querySelectorAll("#step-columns select.column, #step-columns input:not([type=checkbox])")) control.value = "";
      at("kind").value = answer.kind_of_rows;
      for (const [name, value] of Object.entries(answer.form)) {
        for (const control of document.querySelectorAll(`#step-columns [name="${name}"]`)) control.value = Array.isArray(value) ? value.join(", ") : value;
      }
    }
    at("kind").dataset.of = answer.name;
    showKind();
    for (const control of document.querySelectorAll("select.any")) {
      const names = control.id === "offset" ? answer.numeric : answer.columns;
      control.replaceChildren(...["", ...names].map((name) => Object.assign(document.createElement("option"), { value: name, textContent: name || "–" })));
    }
    at("known-columns").replaceChildren(...answer.columns.map((name) => Object.assign(document.createElement("option"), { value: name })));
    at("columns").textContent = `Columns: ${answer.columns.join(", ")}`;
    for (const id of ["formula", "others", "links", "groups-law", "regress-law", "one"]) at(id).value = "";
    const exact = at("exact-column");
    if (at("kind").value === "exact" && !exact.value) {
      exact.value = answer.numeric.find((name) => !Object.values(answer.form).includes(name)) ?? "";
    }
    at("first-title").hidden = false;
    show("first", answer.html);
    for (const place of ["read", "ranking", "law", "calculated", "profile", "goodness", "groups", "regression"]) at(place).replaceChildren();
    for (const place of ["coming", "tools", "take-ranking", "take-law", "take-groups", "take-regression"]) at(place).hidden = true;
    at("rank").disabled = false;
    select("data");
    if (complete()) waiting.set("look", {});
  },
  show: (answer) => {
    show(answer.place, answer.html);
    if (answer.place === "read") {
      at("looked").textContent = `${answer.label}: ${answer.form}`;
      const before = at("formula").dataset.left;
      if (!at("formula").value || at("formula").value === before) at("formula").value = answer.left && `${answer.left} ~ `;
      at("formula").dataset.left = answer.left && `${answer.left} ~ `;
    }
    if (answer.shell) take(answer.place, answer);
    if (answer.place === "ranking") {
      for (const id of ["groups-law", "regress-law"]) at(id).value ||= answer.best ?? "";
      at("coming").hidden = true;
      for (const table of at("ranking").querySelectorAll("table")) {
        const place = [...table.tHead.rows[0].cells].findIndex((head) => head.textContent.trim() === "family");
        for (const row of table.tBodies[0].rows) row.cells[place].replaceChildren(lawButton(row.cells[place].textContent));
      }
    }
    if (answer.place === "law") {
      at("law-title").textContent = answer.law;
      at("one").value = answer.law;
      at("law-none").hidden = true;
      at("tools").hidden = false;
      for (const part of document.querySelectorAll(".of-numbers")) part.hidden = answer.of_vectors;
      at("parameter").replaceChildren(...answer.parameters.map((name) => Object.assign(document.createElement("option"), { value: name, textContent: name })));
      for (const place of ["calculated", "profile", "goodness"]) at(place).replaceChildren();
    }
  },
  ranking: ({ label }) => {
    at("ranking-title").textContent = `Laws for ${label}`;
    at("ranking").replaceChildren();
    at("take-ranking").hidden = true;
    at("coming").querySelector("tbody").replaceChildren();
    at("coming").hidden = false;
    select("ranking");
    toResults();
  },
  law: (answer) => {
    const body = at("coming").querySelector("tbody");
    const row = document.createElement("tr");
    const cell = (text, name) => Object.assign(row.insertCell(), { textContent: text, className: name });
    row.dataset.aic = answer.certified ? answer.aic : Infinity;
    row.className = answer.certified ? "" : "left";
    const first = row.insertCell();
    first.className = "text";
    first.append(lawButton(answer.name));
    cell(answer.k ?? "", "");
    cell(typeof answer.cross_entropy === "number" ? answer.cross_entropy.toFixed(4) : "", "");
    cell(typeof answer.aic === "number" ? answer.aic.toFixed(2) : "", "");
    cell(answer.certified ? answer.verdict : answer.reason, "text reason");
    const after = [...body.rows].find((other) => Number(other.dataset.aic) > Number(row.dataset.aic));
    body.insertBefore(row, after ?? null);
    at("progress").max = answer.total;
    at("progress").value = answer.done;
    say(`${answer.done} of ${answer.total} laws: ${answer.name}`);
  },
  progress: ({ what, done, total }) => {
    if (busy === "rank" && at("progress").hasAttribute("value") && total) return;
    if (total) {
      at("progress").max = total;
      at("progress").value = done;
    } else at("progress").removeAttribute("value");
    say(total ? `${what}: ${Math.round((100 * done) / total)} %` : `${what}${done ? `: ${done.toLocaleString("en")}` : ""} …`);
  },
  problem: ({ text, place }) => {
    const boxes = [...document.querySelectorAll("[data-control]")];
    const control = boxes.find((box) => box.dataset.control === place && !box.closest("[hidden]"));
    const beside = control?.querySelector(".problem") ?? at(`${place.replaceAll("_", "-")}-problem`);
    (beside ?? at("problem")).textContent = text;
    control?.closest("details")?.setAttribute("open", "");
    control?.querySelector("select, input")?.setAttribute("aria-invalid", "true");
    say("That did not work; the reason stands in red.");
    failed = true;
  },
  file: ({ name, text }) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  },
  done: ({ warnings }) => {
    at("warnings").append(...warnings.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    if (!failed) say("Done.");
    failed = false;
    idle();
  },
  ended: () => { say("Cancelled. What is shown stays."); idle(); },
  died: () => {
    at("problem").textContent = "The computation was ended by the system, which may have run out of memory. The page lives; take fewer rows, or a Parquet file, which is read in blocks.";
    waiting.clear();
    idle();
  },
};
showKind();
Shiny.addCustomMessageHandler("answer", (answer) => answers[answer.kind](answer));
$(document).on("shiny:disconnected", () => say("The server has ended: start mle app again."));
