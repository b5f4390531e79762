"use strict";
readData("report-data", (report) => {
  const pictures = [];
  let chosen = null;

  // The wall that is chosen has a ring in the picture, and its row in the table another colour.
  function choose(row) {
    if (chosen !== null) document.getElementById(`wall-${chosen}`).classList.remove("chosen");
    chosen = row;
    const line = document.getElementById(`wall-${row}`);
    line.classList.add("chosen");
    pictures.forEach((picture) => picture.choose(row));
    return line;
  }

  function picked({ row }) {
    if (row === null) return;
    const line = choose(row);
    line.scrollIntoView({ block: "center" });
    line.focus({ preventScroll: true });
  }

  for (const figure of document.querySelectorAll("figure[data-picture]")) {
    try {
      const picture = report.pictures.find((one) => one.name === figure.dataset.picture);
      pictures.push(Drawing.figure(figure, picture, picked));
    } catch (error) {
      figure.querySelector(".plot").textContent = `This browser cannot draw the picture: ${error.message || error}`;
    }
  }
  for (const line of document.querySelectorAll("#walls tbody tr")) {
    line.addEventListener("click", () => choose(Number(line.id.slice("wall-".length))));
  }
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => pictures.forEach((picture) => picture.recolour()));
  window.addEventListener("beforeprint", () => pictures.forEach((picture) => picture.paper(true)));
  window.addEventListener("afterprint", () => pictures.forEach((picture) => picture.paper(false)));
  document.documentElement.dataset.ready = "yes";
});
