"use strict";
// The data of a page, plain or packed, given to the program that shows them.
async function readData(name, show) {
  const element = document.getElementById(name);
  try {
    let text = element.textContent;
    if (element.type !== "application/json") {
      const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      text = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
    }
    show(JSON.parse(text));
  } catch (error) {
    element.after(Object.assign(document.createElement("p"), {
      className: "verdict open",
      textContent: `This browser cannot show the points and pictures (${error.message || error}); browsers since May 2023 can.`,
    }));
    throw error;
  }
}
