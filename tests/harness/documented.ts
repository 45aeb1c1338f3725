/** What the server's own documents say that requests and events take: for tests of all of them. */

// deno-lint-ignore-file no-explicit-any -- documents and values of every shape

import { request } from "./account.ts";

/** A parameter of a path or query, or a field of a body. */
export interface Input {
  in: "path" | "query" | "body";
  name: string;
  required: boolean;
}

/** One method of one path. */
export interface Operation {
  /** As `GET /rooms/{idOrSlug}`. */
  name: string;
  method: string;
  path: string;
  inputs: Input[];
}

/** An event that clients send, with the fields of its data; of lists of objects as `rooms[].roomId`. */
export interface ClientEvent {
  name: string;
  fields: string[];
}

/** All that the OpenAPI document describes. */
export async function readOperations(url: string): Promise<Operation[]> {
  const { paths, components } = (await request(url, "GET", "/openapi.json")).body;
  const resolve = (schema: any): any => {
    const name = schema?.$ref?.split("/").at(-1);
    return name ? components.schemas[name] : schema;
  };
  return Object.entries<any>(paths).flatMap(([path, methods]) => {
    return Object.entries<any>(methods).map(([method, { parameters = [], requestBody }]) => {
      const body = resolve(requestBody?.content["application/json"]?.schema) ?? {};
      const named = parameters.map(({ in: place, name, required = false }: Input) => {
        return { in: place, name, required };
      });
      const fields = Object.keys(body.properties ?? {}).map((name) => {
        const required = body.required?.includes(name) ?? false;
        return { in: "body", name, required } as const;
      });
      const upper = method.toUpperCase();
      return { name: `${upper} ${path}`, method: upper, path, inputs: [...named, ...fields] };
    });
  });
}

/** All events of clients that the AsyncAPI document describes. */
export async function readClientEvents(url: string): Promise<ClientEvent[]> {
  const { operations, components } = (await request(url, "GET", "/asyncapi.json")).body;
  return Object.entries<any>(operations).flatMap(([name, { action }]) => {
    if (action !== "receive") return [];
    const { properties } = components.messages[name].payload.properties.data;
    return [{ name, fields: fieldsOf(properties) }];
  });
}

function fieldsOf(properties: Record<string, any>): string[] {
  return Object.entries(properties).flatMap(([name, { items }]) => {
    if (!items?.properties) return [name];
    return Object.keys(items.properties).map((inner) => `${name}[].${inner}`);
  });
}

/** A request as it is sent. */
export interface Sent {
  method: string;
  path: string;
  body?: unknown;
}

/** Fills in an operation; inputs of the query and body without a value are left out. */
export function fill(operation: Operation, valueOf: (input: Input) => unknown): Sent {
  const values = operation.inputs.map((input) => ({ ...input, value: valueOf(input) }));
  const given = values.filter(({ value }) => value !== undefined);
  let { path } = operation;
  for (const { in: place, name, value } of given) {
    if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(String(value)));
  }
  const of = (place: Input["in"]): [string, any][] =>
    given.filter((input) => input.in === place).map(({ name, value }) => [name, value]);
  const query = new URLSearchParams(of("query")).toString();
  const hasBody = operation.inputs.some((input) => input.in === "body");
  return {
    method: operation.method,
    path: query === "" ? path : `${path}?${query}`,
    ...(hasBody && { body: Object.fromEntries(of("body")) }),
  };
}

/** Fills in the data of an event; fields without a value are left out, and lists hold one object. */
export function fillEvent({ fields }: ClientEvent, valueOf: (field: string) => unknown) {
  const data: Record<string, any> = {};
  for (const field of fields) {
    const value = valueOf(field);
    if (value === undefined) continue;
    const [name, inner] = field.split("[].") as [string, string?];
    if (inner === undefined) data[name] = value;
    else (data[name] ??= [{}])[0][inner] = value;
  }
  return data;
}
