/** Makes the page's PNG icons from its SVG, for browsers that take no other. */
import { launchBrowser } from "../../tests/harness/browser.ts";
import { findChromium } from "../../tests/servers/chromium.ts";

const WEB = `${import.meta.dirname}/../../web`;
const SIZES = [192, 512];

const { env } = await findChromium();
const browser = await launchBrowser(env.TEST_CHROMIUM);
const page = await browser.newPage();
await page.setContent(await Deno.readTextFile(`${WEB}/icon.svg`));
for (const size of SIZES) {
  await page.setViewportSize({ width: size, height: size });
  await page.addStyleTag({
    content: `body { margin: 0 } svg { width: ${size}px; height: auto; display: block }`,
  });
  await page.screenshot({ path: `${WEB}/icon_${size}.png` });
}
await browser.close();
