/** The markup within a line of a message: bold, italics, strikethrough, code, links and mentions. */

export type Inline =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "code"; readonly text: string }
  | { readonly type: "bold" | "italic" | "strike"; readonly children: readonly Inline[] }
  /** The address is http, https or mailto. */
  | { readonly type: "link"; readonly address: string; readonly children: readonly Inline[] }
  /** The name without its `@`. */
  | { readonly type: "mention"; readonly name: string };

/** What opens and closes a span. */
const SPANS = { "*": "italic", "_": "italic", "**": "bold", "~~": "strike" } as const;
type Delimiter = keyof typeof SPANS;

/** Where something other than plain text may begin. */
const SPECIAL = /[\\`*_~[\]<@\n]|https?:\/\/|mailto:/gi;
/** With balanced brackets, and without the punctuation or markup that follows the address. */
const BARE_LINK =
  /https?:\/\/(?:(?!\]\()[^\s<>"`()]|\([^\s<>"`()]*\))*(?:[^\s<>"`()'.,;:!?[\]*_~]|\([^\s<>"`()]*\))/iy;
const BARE_MAIL = /mailto:[\w.+-]+@[\w-]+(?:\.[\w-]+)*/iy;
const BRACKETED_LINK = /<((?:https?:\/\/|mailto:)[^\s<>]+)>/iy;
/** What follows the label of a link. */
const TARGET = /\]\(<?((?:[^\s<>()]|\([^\s<>()]*\))+)>?\)/y;
const RUN = /\*+|_+|~+|`+/y;
const ESCAPED = /\\[\\`*_~[\]]/y;
/** A character within a word; not of the scripts that put no spaces between words. */
const WORD = /[[\p{L}\p{N}_]--[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]]/v;
const PROTOCOLS = ["http:", "https:", "mailto:"];

/**
 * Parses lines of text. Spans end with their line, and the same kind is never within itself, so that
 * the time is linear and the tree at most six levels deep.
 * @param names the names that are mentions after an `@`
 * @returns newlines are in the texts: show them with `white-space: pre-wrap`
 */
export function parseInline(text: string, names: readonly string[] = []): Inline[] {
  return new InlineParser(text, names).parse();
}

class InlineParser {
  readonly #text: string;
  readonly #names: readonly string[];
  #position = 0;
  #nodes: Inline[] = [];
  /** The last opening delimiter of each kind, by its index in the nodes. */
  readonly #open = new Map<Delimiter | "[", number>();
  /** The lengths of backtick runs that the rest of the line does not have. */
  readonly #unclosed = new Set<number>();

  constructor(text: string, names: readonly string[]) {
    this.#text = text;
    this.#names = names.toSorted((a, b) => b.length - a.length);
  }

  parse(): Inline[] {
    const text = this.#text;
    while (this.#position < text.length) {
      SPECIAL.lastIndex = this.#position;
      const next = SPECIAL.exec(text)?.index ?? text.length;
      this.#add(next);
      if (next < text.length) this.#special(text[next]!);
    }
    return merged(this.#nodes);
  }

  #special(character: string): void {
    switch (character) {
      case "\n":
        this.#open.clear();
        this.#unclosed.clear();
        return this.#add(this.#position + 1);
      case "\\":
        return this.#escape();
      case "`":
        return this.#code();
      case "[":
        this.#open.set("[", this.#nodes.length);
        return this.#add(this.#position + 1);
      case "]":
        return this.#endLabel();
      case "@":
        return this.#mention();
      case "*":
      case "_":
      case "~":
        return this.#delimiters();
      default:
        return this.#bareLink();
    }
  }

  /** Adds the text up to an index. */
  #add(end: number): void {
    if (end === this.#position) return;
    this.#nodes.push({ type: "text", text: this.#text.slice(this.#position, end) });
    this.#position = end;
  }

  #escape(): void {
    const escaped = this.#match(ESCAPED)?.[0];
    if (!escaped) return this.#add(this.#position + 1);
    const end = this.#position + 2;
    // Kept where it is more often meant than an escape: in ¯\_(ツ)_/¯ and in \\server\path.
    if (escaped !== "\\_" && escaped !== "\\\\") this.#position++;
    this.#add(end);
  }

  #code(): void {
    const fence = this.#match(RUN)![0];
    const start = this.#position + fence.length;
    const end = this.#unclosed.has(fence.length) ? -1 : this.#endOfCode(start, fence.length);
    if (end < 0) {
      this.#unclosed.add(fence.length);
      return this.#add(start);
    }
    const code = this.#text.slice(start, end);
    // So that code may begin or end with a backtick.
    const text = /^ .*[^ ].* $/.test(code) ? code.slice(1, -1) : code;
    this.#nodes.push({ type: "code", text });
    this.#position = end + fence.length;
  }

  #endOfCode(start: number, length: number): number {
    const runs = /`+|\n/g;
    runs.lastIndex = start;
    for (let run = runs.exec(this.#text); run && run[0] !== "\n"; run = runs.exec(this.#text)) {
      if (run[0].length === length) return run.index;
    }
    return -1;
  }

  #delimiters(): void {
    const run = this.#match(RUN)![0];
    const before = this.#text[this.#position - 1] ?? " ";
    const after = this.#text[this.#position + run.length] ?? " ";
    // Within words, as in 2*3*4 and snake_case, a single one is plain.
    const isSingle = run.length === 1;
    const canOpen = !isSpace(after) && !(isSingle && WORD.test(before));
    const canClose = !isSpace(before) && !(isSingle && WORD.test(after));
    let kinds = delimitersIn(run);
    if (kinds.length === 0) return this.#add(this.#position + run.length);
    if (canClose) {
      for (const kind of this.#closedBy(kinds)) {
        this.#wrap(kind);
        kinds = kinds.filter((other) => other !== kind);
      }
    }
    for (const kind of kinds) {
      if (canOpen) this.#open.set(kind, this.#nodes.length);
      this.#add(this.#position + kind.length);
    }
  }

  /** Those of the delimiters that have an opening one, the innermost first. */
  #closedBy(kinds: Delimiter[]): Delimiter[] {
    const last = this.#nodes.length - 1;
    return kinds.filter((kind) => (this.#open.get(kind) ?? last) < last)
      .sort((a, b) => this.#open.get(b)! - this.#open.get(a)!);
  }

  #wrap(kind: Delimiter): void {
    const children = this.#take(kind);
    this.#nodes.push({ type: SPANS[kind], children });
    this.#position += kind.length;
  }

  /** Removes the nodes from an opening delimiter on; returns those after it. */
  #take(kind: Delimiter | "["): Inline[] {
    const start = this.#open.get(kind)!;
    for (const [other, index] of this.#open) if (index >= start) this.#open.delete(other);
    const [, ...children] = this.#nodes.splice(start);
    return merged(children);
  }

  #endLabel(): void {
    const target = this.#hasLabel() ? this.#match(TARGET) : null;
    if (target && isAllowed(target[1]!)) {
      const children = this.#take("[");
      this.#addLink(target[1]!, children, target[0].length);
    } else {
      this.#open.delete("[");
      this.#add(this.#position + 1);
    }
  }

  #hasLabel(): boolean {
    const start = this.#open.get("[");
    return start !== undefined &&
      this.#nodes.slice(start + 1).some((node) => node.type !== "text" || !isSpace(node.text));
  }

  #bareLink(): void {
    const bracketed = this.#match(BRACKETED_LINK);
    const found = bracketed ?? this.#match(BARE_LINK) ?? this.#match(BARE_MAIL);
    const address = found?.at(-1);
    if (!address || !isAllowed(address)) return this.#add(this.#position + 1);
    this.#addLink(address, [{ type: "text", text: address }], found![0].length);
  }

  /** No link is within another: a label cannot show an address other than its own. */
  #addLink(address: string, children: Inline[], length: number): void {
    this.#open.delete("[");
    this.#nodes.push({ type: "link", address, children });
    this.#position += length;
  }

  #mention(): void {
    const start = this.#position + 1;
    const name = WORD.test(this.#text[this.#position - 1] ?? " ") ? undefined : this.#names.find(
      (name) =>
        this.#text.startsWith(name, start) && !WORD.test(this.#text[start + name.length] ?? " "),
    );
    if (!name) return this.#add(start);
    this.#nodes.push({ type: "mention", name });
    this.#position = start + name.length;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#position;
    return pattern.exec(this.#text);
  }
}

/** Three open as bold around italics; more, and lines of them, are plain. */
function delimitersIn(run: string): Delimiter[] {
  if (run === "***") return ["**", "*"];
  return run in SPANS ? [run as Delimiter] : [];
}

function isSpace(text: string): boolean {
  return text.trim() === "";
}

function isAllowed(address: string): boolean {
  return /^(?:https?:\/\/|mailto:)/i.test(address) &&
    PROTOCOLS.includes(URL.parse(address)?.protocol ?? "");
}

/** Joins texts that are beside each other. */
function merged(nodes: Inline[]): Inline[] {
  const joined: Inline[] = [];
  for (const node of nodes) {
    const last = joined.at(-1);
    if (node.type === "text" && last?.type === "text") {
      joined[joined.length - 1] = { type: "text", text: last.text + node.text };
    } else joined.push(node);
  }
  return joined;
}
