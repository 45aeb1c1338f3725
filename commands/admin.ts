/** `deno task admin EMAIL`: makes an account an admin, also beside a running server. */
import { appointAdmin } from "../src/application/accounts/appoint_admins.ts";
import { loadStoreSettings } from "../src/config.ts";
import { ConfigError } from "../src/config/config_error.ts";
import { runCommand } from "./command.ts";
import { openDatabase } from "./database.ts";

await runCommand({
  name: "admin",
  help: `Usage: deno task admin EMAIL

Makes the account with this email an admin of the server, and lifts a ban. The account must be there:
register it first. Running servers notice it within 10 s. MONGODB_URI and DATA_DIR are read as the
server reads them, from the environment or .env.

Options:
  -h, --help    shows this`,
  usage: "Give one EMAIL",
  takes: (words) => words.length === 1,
  failure: "The admin was not made",
  async run([email]) {
    console.log(await appoint(email!.trim().toLowerCase()));
  },
});

async function appoint(email: string): Promise<string> {
  const { store } = await openDatabase(await loadStoreSettings());
  try {
    const user = await appointAdmin({ store }, email);
    if (!user) {
      throw new ConfigError(
        `no account has the email ${email}; register it first, or set ADMIN_EMAIL and ADMIN_PASSWORD and restart the server`,
      );
    }
    return `${user.displayName} (${email}) is an admin; running servers notice it within 10 s`;
  } finally {
    await store.close();
  }
}
