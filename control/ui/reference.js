// The OpenAPI description of the interface, laid out for reading. Endpoints below /api are the same as below /web.
import { read } from "./api.js";
import { element } from "./dom.js";

/** @returns {HTMLElement} */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

showReference().catch((error) => {
  byId("about").textContent = `The description cannot be read: ${error.message}`;
});

async function showReference() {
  const description = await read("openapi.json");
  byId("summary").textContent = `version ${description.info.version}`;
  byId("about").textContent = description.info.description;
  const rows = [];
  for (const [path, methods] of Object.entries(description.paths)) {
    if (!path.startsWith("/api/")) {
      for (const [method, operation] of Object.entries(methods)) {
        rows.push(operationView(method.toUpperCase(), path, operation));
      }
    }
  }
  byId("operations").append(...rows);
}

function operationView(method, path, operation) {
  const body = operation.requestBody?.content["application/json"].schema.properties ?? {};
  const inBody = Object.entries(body).map(([name, schema]) => ({ name, in: "body", schema, ...schema }));
  return element(
    "details",
    {},
    element("summary", {}, element("code", {}, `${method} ${path}`), ` ${operation.summary}`),
    element("p", {}, operation.description),
    list([...operation.parameters, ...inBody], (parameter) => [`${parameter.name} (${parameter.in})`, parameter.description ?? ""]),
    list(Object.entries(operation.responses), ([status, answer]) => [status, answer.description]),
  );
}

function list(entries, textsOf) {
  const items = entries.map((entry) => {
    const [name, text] = textsOf(entry);
    return element("li", {}, element("code", {}, name), ` ${text}`);
  });
  return element("ul", {}, ...items);
}
