/** The words of texts: what is one, in which form, and where it is. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { beginningTerm, termsOf, wordsOf, wordTerm } from "../src/domain/words.ts";

const TEXTS: [language: string, text: string, words: string][] = [
  ["English", "Hello, World! It's foo_bar", "hello world it s foo bar"],
  ["German", "Die Straße, STRASSE und Äpfel", "die strasse strasse und apfel"],
  ["Turkish", "İstanbul ISTANBUL ıstanbul Ağaç", "istanbul istanbul istanbul agac"],
  ["French", "L’élève, là-bas : œuvre", "l eleve la bas oeuvre"],
  ["Polish", "Łódź, ŁÓDŹ", "lodz lodz"],
  ["Danish", "Smørrebrød på Ærø", "smorrebrod pa aero"],
  ["Icelandic", "Þórður", "thordur"],
  ["Vietnamese", "Tiếng Việt ở Đà Nẵng", "tieng viet o da nang"],
  ["Greek", "ΟΔΟΣ οδός", "οδοσ οδοσ"],
  ["Russian", "Ёлка и ёж", "елка и еж"],
  ["Chinese", "我们,明天见", "我 们 明 天 见"],
  ["Japanese", "ガギ ｶﾞｷﾞ、ハンバーガー", "ガ ギ ガ ギ ハ ン バ ー ガ ー"],
  ["Korean", "한국어 검색", "한 국 어 검 색"],
  ["Korean with fillers", "\u3164한\u1160 \u115f\uffa0국\u3164어 \u3164", "한 국 어"],
  ["Korean in parts", "한국".normalize("NFD"), "한 국"],
  ["Thai", "ผมชอบแมว", "ผม ชอบ แมว"],
  ["Arabic", "مُحَمَّد وأحمد", "محمد واحمد"],
  ["Hebrew", "שָׁלוֹם עולם", "שלום עולם"],
  ["Hindi", "हिन्दी में", "हिन्दी में"],
  ["numbers", "1,000.50 and 3rd ½ m²", "1 000 50 and 3rd 1 2 m2"],
  ["a URL", "https://example.com/a?b=c#d", "https example com a b c d"],
  ["an address", "ada+x@example.com", "ada x example com"],
  ["mixed scripts", "iPhone15は新しい", "iphone15 は 新 し い"],
  ["invisible characters", "co\u00adop a\u200bb می\u200cخواهم", "coop a b میخواهم"],
  ["emoji", "👍🏽 🇩🇪 ❤️ ok", "ok"],
  ["nothing", " …—* ", ""],
];

/** Letters of Hangul that hold the place of a missing one. */
const FILLERS = ["\u115f", "\u1160", "\u3164", "\uffa0"];

for (const [language, text, expected] of TEXTS) {
  Deno.test(`words of ${language}`, () => {
    const words = wordsOf(text);
    assert.equal(words.map((word) => word.text).join(" "), expected);
    for (const { start, end } of words) assert.ok(0 <= start && start < end && end <= text.length);
  });
}

Deno.test("a word's range is that of the original text, whatever folding makes of its length", () => {
  const text = "Die Straße: ﬁn, 東ｶﾞ!";
  const ranges = wordsOf(text).map(({ start, end }) => text.slice(start, end));
  assert.deepEqual(ranges, ["Die", "Straße", "ﬁn", "東", "ｶﾞ"]);
});

Deno.test("characters are joined to those beside them, not over a space or a sign", () => {
  const joined = wordsOf("東京 都、で a京").map(({ text, isJoined }) =>
    isJoined ? `+${text}` : text
  );
  assert.deepEqual(joined, ["東", "+京", "都", "で", "a", "京"]);
});

Deno.test("a character is joined to none of which nothing is left, and to the one before that", () => {
  const joined = wordsOf("\u3164한 a \uffa0국\u3164어").map(({ text, isJoined }) => {
    return isJoined ? `+${text}` : text;
  });
  assert.deepEqual(joined, ["한", "a", "국", "+어"]);
});

Deno.test("a text has the terms of its words, their beginnings, and pairs of characters", () => {
  assert.deepEqual(
    termsOf(wordsOf("Deploy to 東京")).toSorted(),
    ["deploy", "deplo…", "dep…", "d…", "to", "t…", "東", "京", "東京"].toSorted(),
  );
});

Deno.test("words are the same in any normal form and case, and every beginning of one has a term of its text", () => {
  const unit = fc.constantFrom(
    ..."aZßéİçñöŞØłŒþ1й日ガ한م ".split(""),
    ...FILLERS,
    "e\u0301",
    "ก",
    "हि",
    "-",
  );
  fc.assert(fc.property(fc.array(unit, { maxLength: 30 }), (units) => {
    const text = units.join("");
    const texts = (each: string) => wordsOf(each).map((word) => word.text);
    for (const form of ["NFC", "NFD"]) assert.deepEqual(texts(text.normalize(form)), texts(text));
    const words = wordsOf(text);
    const terms = new Set(termsOf(words));
    for (const word of words) {
      assert.ok(terms.has(wordTerm(word)));
      if (word.isCharacter) continue;
      const characters = [...word.text];
      for (let length = 1; length <= characters.length; length++) {
        const beginning = characters.slice(0, length).join("");
        assert.ok(terms.has(beginningTerm({ text: beginning })), `${beginning} of ${text}`);
      }
    }
  }));
});

Deno.test("words are those of Unicode's segmentation, split at what is no letter, mark or number", () => {
  const segmenter = new Intl.Segmenter("en", { granularity: "word" });
  const unit = fc.constantFrom(..."abcXYZ019éßжשमि_'.,:;-/@ \n👍".split(""));
  fc.assert(fc.property(fc.array(unit, { maxLength: 30 }), (units) => {
    const text = units.join("");
    const segments = [...segmenter.segment(text)].flatMap(({ segment }) => {
      return segment.match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}]*/gu) ?? [];
    });
    const words = wordsOf(text).map(({ start, end }) => text.slice(start, end));
    assert.deepEqual(words, segments);
  }));
});

Deno.test("the longest text has a limited number of words and of terms", () => {
  for (const text of ["a ".repeat(2_000), "日".repeat(4_000), "x".repeat(4_000)]) {
    assert.ok(wordsOf(text).length <= 4_000);
    for (const term of termsOf(wordsOf(text))) assert.ok(term.length <= 64);
  }
});
