/** Shows the server's two documents: OpenAPI with Swagger UI, AsyncAPI with the code below. */
import { decodeAddress } from "./decode_address.ts";
import { element } from "./dom.ts";

const DIRECTIONS = { receive: "client → server", send: "server → client" };
const HEADINGS = { receive: "What a client sends", send: "What the server sends" };
/** How many levels of a schema are open at first: the frame and its data. */
const OPEN_LEVELS = 2;

dropBrokenFragment();
showRest();
showEvents().then(openAddressed).catch((error) => {
  document.querySelector("#events").append(element("p", { role: "alert" }, error.message));
});
addEventListener("hashchange", openAddressed);

/** Swagger UI also decodes the fragment, and throws if it is malformed. */
function dropBrokenFragment() {
  const { hash, pathname } = location;
  if (hash.includes("%") && decodeAddress(hash) === hash) history.replaceState(null, "", pathname);
}

function openAddressed() {
  const event = document.getElementById(decodeAddress(location.hash.slice(1)));
  if (!event?.matches("details")) return;
  event.open = true;
  event.scrollIntoView();
}

function showRest() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", follow);
  follow();
  globalThis.SwaggerUIBundle({
    domNode: document.querySelector("#rest"),
    url: "/openapi.json",
    validatorUrl: null,
    defaultModelsExpandDepth: 0,
  });
}

async function showEvents() {
  const response = await fetch("/asyncapi.json");
  if (!response.ok) throw new Error(`/asyncapi.json was answered with ${response.status}.`);
  const api = await response.json();
  const operations = Object.entries(api.operations);
  document.querySelector("#events").append(
    element("h2", {}, `${api.info.title} ${api.info.version}`),
    element("p", {}, api.info.description ?? ""),
    ...Object.keys(DIRECTIONS).flatMap((action) => [
      element("h3", {}, HEADINGS[action]),
      ...operations.filter(([, operation]) => operation.action === action)
        .map(([name, operation]) => showOperation(api, name, operation)),
    ]),
  );
}

function showOperation(api, name, operation) {
  const [first] = operation.messages;
  const { summary, payload, examples } = resolve(api, first);
  const example = examples?.[0].payload ?? exampleOf(api, payload);
  const answers = operation.reply?.messages.map((answer) => resolve(api, answer).name) ?? [];
  const channel = resolve(api, operation.channel);
  return element(
    "details",
    { className: `event ${operation.action}`, id: `event-${name}` },
    element(
      "summary",
      {},
      element("span", { className: "direction" }, DIRECTIONS[operation.action]),
      element("code", {}, name),
      element("span", {}, operation.summary ?? summary ?? ""),
    ),
    element("p", {}, "On ", element("code", {}, channel.address)),
    ...(answers.length === 0 ? [] : [element("p", {}, "Answered by ", ...listed(answers))]),
    element("h4", {}, "Frame"),
    element("ul", { className: "schema" }, ...showProperties(api, payload, 0)),
    element("h4", {}, "Example"),
    element("pre", {}, JSON.stringify(example, null, 2)),
  );
}

function listed(names) {
  return names.flatMap((name, i) => [
    ...(i === 0 ? [] : [" or "]),
    element("a", { href: `#event-${name}` }, element("code", {}, name)),
  ]);
}

function showProperties(api, schema, level) {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).map(([name, property]) =>
    showProperty(api, name, property, required.includes(name), level)
  );
}

function showProperty(api, name, property, isRequired, level) {
  const schema = resolve(api, property);
  const holder = resolve(api, schema.items ?? schema);
  const line = [
    element("code", {}, name),
    element("span", { className: "type" }, typeOf(api, property)),
    element("span", { className: "faint" }, isRequired ? "" : "optional"),
    element("span", { className: "faint" }, limitsOf(schema)),
    element("span", {}, schema.description ?? ""),
  ].filter(({ textContent }) => textContent);
  if (!holder.properties) return element("li", {}, ...line);
  const open = level + 1 < OPEN_LEVELS;
  const inner = element("ul", {}, ...showProperties(api, holder, level + 1));
  return element("li", {}, element("details", { open }, element("summary", {}, ...line), inner));
}

function typeOf(api, property) {
  const schema = resolve(api, property);
  const name = property.$ref?.split("/").at(-1);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.items) return `array of ${typeOf(api, schema.items)}`;
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map((choice) => typeOf(api, choice)).join(" | ");
  return name ?? [schema.type ?? "any"].flat().join(" | ");
}

function limitsOf({ format, pattern, ...schema }) {
  return [
    format,
    range(schema.minLength, schema.maxLength, "characters"),
    range(schema.minimum, schema.maximum),
    range(schema.minItems, schema.maxItems, "items"),
    pattern,
  ].filter(Boolean).join(", ");
}

function range(least, most, unit = "") {
  // Schema generators put this where there is no limit.
  const isBounded = most !== undefined && most !== Number.MAX_SAFE_INTEGER;
  if (isBounded) return `${least === undefined ? "≤ " : `${least}–`}${most} ${unit}`.trim();
  return least === undefined ? "" : `≥ ${least} ${unit}`.trim();
}

/** Follows references to their end; a cycle resolves to nothing. */
function resolve(api, node) {
  const seen = new Set();
  while (node?.$ref && !seen.has(node)) {
    seen.add(node);
    node = node.$ref.slice(2).split("/").reduce(
      (parent, part) => parent?.[part.replaceAll("~1", "/").replaceAll("~0", "~")],
      api,
    );
  }
  return node?.$ref ? {} : node ?? {};
}

const SAMPLES = { string: "text", integer: 1, number: 1, boolean: true, null: null };

/** A value that the schema allows, from its examples if it has any. */
function exampleOf(api, property) {
  const schema = resolve(api, property);
  if (schema.examples) return schema.examples[0];
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.items) return [exampleOf(api, schema.items)];
  if (schema.properties) {
    const { required = Object.keys(schema.properties) } = schema;
    const shown = Object.entries(schema.properties)
      .filter(([name, inner]) => required.includes(name) || inner.examples);
    return Object.fromEntries(shown.map(([name, inner]) => [name, exampleOf(api, inner)]));
  }
  const choice = (schema.anyOf ?? schema.oneOf)?.[0];
  if (choice) return exampleOf(api, choice);
  if (schema.format === "date-time") return "2026-01-31T12:00:00.000Z";
  return SAMPLES[[schema.type].flat()[0]] ?? {};
}
