/** What the page makes of the markup in a message. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Block, type Inline, parseMarkup } from "../web/text/markup.ts";

Deno.test("bold, italics, strikethrough and code are marked", () => {
  assertShows("**b** *i* _u_ ~~s~~ `c`", "<b>b</b> <i>i</i> <i>u</i> <s>s</s> <code>c</code>");
  assertShows("***both*** un**believ**able", "<b><i>both</i></b> un<b>believ</b>able");
  assertShows("**bold *and italic***", "<b>bold <i>and italic</i></b>");
  assertShows("*italic **and bold***", "<i>italic <b>and bold</b></i>");
  assertShows("這是*強調*的", "這是<i>強調</i>的");
});

Deno.test("marks within words, beside spaces, in lines of them and without a partner are plain", () => {
  for (
    const text of [
      "2*3*4",
      "snake_case_name",
      "имя_файла_тут",
      "a * b * c",
      "** b **",
      "__init__",
      "*****",
      "~5 to ~6",
      "*a",
      "a**",
      "one *line\nand* the next",
    ]
  ) assertShows(text, text);
  assertShows("*a _b* c_", "<i>a _b</i> c_");
});

Deno.test("a backslash makes a mark plain, and arms and servers keep theirs", () => {
  assertShows(
    "\\*a\\* \\`b\\` \\[c](https://d.example)",
    `*a* \`b\` [c](${bare("https://d.example")})`,
  );
  assertShows("¯\\_(ツ)_/¯", "¯\\_(ツ)_/¯");
  assertShows("\\\\server\\path", "\\\\server\\path");
});

Deno.test("nothing is marked in code", () => {
  assertShows("`a*b*c https://e.example`", "<code>a*b*c https://e.example</code>");
  assertShows("`` ` `` and ``a`b``", "<code>`</code> and <code>a`b</code>");
  assertShows("`a", "`a");
  assertShows("```\n*a*\n- b\n```", "<pre>*a*\n- b</pre>");
});

Deno.test("code has the language of its fence, and goes on to the end without another fence", () => {
  assertShows("```ts\nlet a;\n\n  a++;\n```\nafter", "<pre ts>let a;\n\n  a++;</pre><p>after</p>");
  assertShows("~~~c++\nx\n~~~", "<pre c++>x</pre>");
  assertShows("before\n```\nx\n**y**", "<p>before</p><pre>x\n**y**</pre>");
  assertShows("````\n```\nx\n````", "<pre>```\nx</pre>");
  assertShows("```", "<pre></pre>");
});

Deno.test("code may begin on the line of its fence, and end on it", () => {
  assertShows("```let a;```", "<pre>let a;</pre>");
  assertShows("```js\nlet a;```", "<pre js>let a;</pre>");
  assertShows("```let a = 1;\na++;\n```", "<pre>let a = 1;\na++;</pre>");
  assertShows("so ```let a;``` it is", "so <code>let a;</code> it is");
});

Deno.test("links exclude the punctuation around them", () => {
  assertShows("(see https://e.example/a_(b))", `(see ${bare("https://e.example/a_(b)")})`);
  assertShows("(https://e.example/a)", `(${bare("https://e.example/a")})`);
  assertShows("**https://e.example/b**", `<b>${bare("https://e.example/b")}</b>`);
  assertShows("Is it https://e.example/c?", `Is it ${bare("https://e.example/c")}?`);
  assertShows("https://e.example/(", `${bare("https://e.example/")}(`);
  assertShows("https://e.example/a_b_c?x=1.", `${bare("https://e.example/a_b_c?x=1")}.`);
  assertShows("<HTTPS://E.example/?a=1,>", bare("HTTPS://E.example/?a=1,"));
  assertShows("mailto:ada@example.com.", `${bare("mailto:ada@example.com")}.`);
});

Deno.test("a link may have a label", () => {
  assertShows("[a *b*](https://e.example/c_(d))", "<a https://e.example/c_(d)>a <i>b</i></a>");
  assertShows("[mail](mailto:ada@example.com)", "<a mailto:ada@example.com>mail</a>");
  assertShows("![x](https://e.example/x.png)", "!<a https://e.example/x.png>x</a>");
});

Deno.test("a label cannot be empty or show another address, and other protocols are no links", () => {
  assertShows(
    "[https://bank.example](https://thief.example)",
    `[${bare("https://bank.example")}](${bare("https://thief.example")})`,
  );
  for (
    const text of [
      "[a](javascript:alert(1))",
      "[a](JaVaScRiPt:alert(1))",
      "[a](java\tscript:alert(1))",
      "[a](data:text/html,x)",
      "[a](/path)",
      "[a](//e.example)",
      "[a](http://)",
      "<javascript:alert(1)>",
      "javascript:alert(1)",
      "http://",
      "[a]",
      "[a] (b)",
    ]
  ) assertShows(text, text);
  assertShows("[ ](https://e.example)", `[ ](${bare("https://e.example")})`);
});

Deno.test("names that are mentioned are marked, the longest that fits", () => {
  const names = ["Ada", "Ada Lovelace", "*Bob*"];
  assertShows(
    "@Ada Lovelace, **@Ada** and @*Bob*",
    "<@Ada Lovelace>, <b><@Ada></b> and <@*Bob*>",
    names,
  );
  assertShows("@Adam, me@Ada, `@Ada`, @Eve", "@Adam, me@Ada, <code>@Ada</code>, @Eve", names);
});

Deno.test("single newlines stay, blank lines part paragraphs", () => {
  assertShows("  a\nb   c\n\n \n\nd", "<p>  a\nb   c</p><p>d</p>");
  assertShows("a\r\nb\rc", "a\nb\nc");
});

Deno.test("lines after > are a quote, which ends with them", () => {
  assertShows("> a\n> *b*\nc", "<q><p>a\n<i>b</i></p></q><p>c</p>");
  assertShows("a\n> b\n>\n> c\n>> d", "<p>a</p><q><p>b</p><p>c</p><q><p>d</p></q></q>");
  assertShows("> ```js\n> x\n> ```", "<q><pre js>x</pre></q>");
  for (const text of [">:(", ">_<", "a > b", "->"]) assertShows(text, text);
});

Deno.test("lists have bullets or numbers, and lists within them", () => {
  assertShows(
    "Buy:\n- milk\n- *eggs*\nSoon",
    "<p>Buy:</p><ul><li>milk</li><li><i>eggs</i></li></ul><p>Soon</p>",
  );
  assertShows(
    "* a\n  - b\n  - c\n* d",
    "<ul><li>a<ul><li>b</li><li>c</li></ul></li><li>d</li></ul>",
  );
  assertShows("1. a\n   - b\n\n2) c", "<ol 1><li>a<ul><li>b</li></ul></li><li>c</li></ol>");
  assertShows("3. a\n\t- b", "<ol 3><li>a<ul><li>b</li></ul></li></ol>");
  assertShows(
    "- a\n  goes on\n\n  ```\n  x\n    y\n  ```",
    "<ul><li><p>a\ngoes on</p><pre>x\n  y</pre></li></ul>",
  );
  assertShows("- a\n1. b", "<ul><li>a</li></ul><ol 1><li>b</li></ol>");
});

Deno.test("a number within a sentence, and a mark without an item, are no lists", () => {
  for (
    const text of ["It was the\n14. of May", "-", "-5 degrees", "1.5", "+ 1", "2026. A year", "---"]
  ) {
    assertShows(text, text);
  }
});

Deno.test("headings, rules, tables, HTML and entities are text", () => {
  for (
    const text of [
      "# a",
      "a\n===",
      "a\n---",
      "| a |\n|---|",
      "<b>a</b> <!-- b -->",
      "<img src=x onerror=alert(1)>",
      "&lt;b&gt; &amp;",
      "[a]: https",
    ]
  ) assertShows(text, text);
});

/** What takes naive parsers quadratic time or more, or a stack as deep as the text is long. */
const HOSTILE = [
  ..."*_~`[]()<>\\@-|\n",
  ...[
    "**",
    "~~",
    "> ",
    ">>",
    "- ",
    "  - ",
    "1. ",
    "*a ",
    "*a **b",
    "_a ",
    "**a*",
    "a**b",
    "*_",
    "~~a*",
  ],
  ...[
    "[a](",
    "](",
    "[[a]",
    "![",
    "`` `",
    "`a``",
    "<a",
    "<http://",
    "http://",
    "http://(",
    "https://e.example/(",
  ],
  ...[
    "```\n",
    "~~~\n",
    "\n>",
    "- a\n",
    "\n  - a",
    "> - ",
    "> 1. ",
    "[](x)",
    "](](a)",
    "mailto:a@",
    "@A",
    "\\",
  ],
];

Deno.test("hostile text takes a time that is linear in its length, and no deep tree", () => {
  for (const unit of HOSTILE) {
    // More than messages may have: so much takes a parser minutes if it is not linear.
    const text = unit.repeat(Math.ceil(50_000 / unit.length));
    assert.ok(depthOf(parseMarkup(text, ["Ada"])) <= 16, unit);
  }
  const nested = Array.from({ length: 200 }, (_, i) => `${"  ".repeat(i)}- a\n`).join("");
  assert.ok(depthOf(parseMarkup(nested)) <= 16);
  const fences = Array.from({ length: 1_000 }, (_, i) => "`".repeat(i)).join("a");
  assert.equal(textOf(parseMarkup(fences)).replaceAll("`", ""), "a".repeat(999));
});

Deno.test("no text is lost or added, whatever the markup", () => {
  const parts = fc.constantFrom(
    ...HOSTILE,
    ..." abc123é漢👍",
    "\t",
    "https://e.example/x",
    "](https://e.example)",
    "@Ada",
  );
  const texts = fc.oneof(
    fc.array(parts, { maxLength: 60 }).map((parts) => parts.join("")),
    fc.string({ unit: "binary", maxLength: 200 }),
  );
  fc.assert(
    fc.property(texts, (text) => {
      assert.equal(lettersOf(textOf(parseMarkup(text, ["Ada"]))), lettersOf(text));
    }),
    { numRuns: 1_000 },
  );
});

function assertShows(text: string, shown: string, names?: string[]): void {
  assert.equal(inBrief(parseMarkup(text, names)), shown);
}

/** One paragraph without its tags. */
function inBrief(blocks: readonly Block[]): string {
  const [first] = blocks;
  if (blocks.length === 1 && first!.type === "paragraph") {
    return first!.children.map(inline).join("");
  }
  return blocks.map(block).join("");
}

function block(node: Block): string {
  switch (node.type) {
    case "paragraph":
      return `<p>${node.children.map(inline).join("")}</p>`;
    case "code":
      return `<pre${node.language && ` ${node.language}`}>${node.text}</pre>`;
    case "quote":
      return `<q>${node.children.map(block).join("")}</q>`;
    case "list": {
      const items = node.items.map((item) => `<li>${itemInBrief(item)}</li>`).join("");
      return node.start === null ? `<ul>${items}</ul>` : `<ol ${node.start}>${items}</ol>`;
    }
  }
}

/** An item of one line, with a list at most. */
function itemInBrief([first, second, ...others]: readonly Block[]): string {
  const isShort = first?.type === "paragraph" && others.length === 0 &&
    (second === undefined || second.type === "list");
  const all = [first, second, ...others].filter((node) => node !== undefined);
  if (!isShort) return all.map(block).join("");
  return inBrief([first]) + (second ? block(second) : "");
}

function inline(node: Inline): string {
  switch (node.type) {
    case "text":
      return node.text;
    case "code":
      return `<code>${node.text}</code>`;
    case "mention":
      return `<@${node.name}>`;
    case "link":
      return `<a ${node.address}>${node.children.map(inline).join("")}</a>`;
    default:
      return `<${node.type[0]}>${node.children.map(inline).join("")}</${node.type[0]}>`;
  }
}

function bare(address: string): string {
  return `<a ${address}>${address}</a>`;
}

function textOf(nodes: readonly (Block | Inline)[]): string {
  return nodes.map((node) => {
    if (node.type === "list") return node.items.map(textOf).join("\n");
    if (node.type === "mention") return node.name;
    if (node.type === "code") return ("language" in node ? node.language : "") + node.text;
    if (node.type === "text") return node.text;
    const label = textOf(node.children);
    return node.type === "link" && label !== node.address ? label + node.address : label;
  }).join("");
}

/** Without what may be markup, numbers of lists included. */
function lettersOf(text: string): string {
  return text.replace(/[^\p{L}\p{So}]/gu, "");
}

function depthOf(nodes: readonly (Block | Inline)[]): number {
  const depths = nodes.map((node) => {
    if (node.type === "list") return deepest(node.items.map(depthOf));
    return "children" in node ? depthOf(node.children) : 0;
  });
  return 1 + deepest(depths);
}

function deepest(depths: number[]): number {
  return depths.reduce((most, depth) => Math.max(most, depth), 0);
}
