/** `deno task admin EMAIL`: makes an account an admin, also beside a running server. */
import { appointAdmin } from "../src/application/accounts/appoint_admins.ts";
import { loadStoreSettings } from "../src/config.ts";
import { ConfigError } from "../src/config/config_error.ts";
import { openDatabase } from "./database.ts";
import { fail } from "./failure.ts";

const HELP = `Usage: deno task admin EMAIL

Makes the account with this email an admin of the server, and lifts a ban. The account must be there:
register it first. Running servers notice it within 10 s. MONGODB_URI and DATA_DIR are read as the
server reads them, from the environment or .env.

Options:
  -h, --help    shows this`;

const [email, ...rest] = Deno.args.filter((arg) => arg !== "--");
if (email === "-h" || email === "--help") console.log(HELP);
else if (email === undefined || rest.length > 0 || email.startsWith("-")) misused();
else await run(email.trim().toLowerCase());

function misused(): never {
  console.error("Give one EMAIL; see: deno task admin --help");
  Deno.exit(2);
}

async function run(email: string): Promise<void> {
  try {
    console.log(await appoint(email));
  } catch (error) {
    fail("The admin was not made", error);
  }
}

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
