/** What axe says of a page. */
import assert from "node:assert/strict";
import axe from "axe-core";
import type { Page } from "playwright-core";

/**
 * Fails if axe finds something serious on the page as it is now.
 * @param where for the message
 */
export async function assertAccessible(page: Page, where: string): Promise<void> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => {
    return (globalThis as unknown as { axe: typeof axe }).axe.run({
      rules: { "label-content-name-mismatch": { enabled: true } },
    });
  });
  const serious = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  assert.deepEqual(serious, [], where);
}
