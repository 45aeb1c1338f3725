/** `account:recover`: what has changed of the account. */
import { recoverAccount } from "../../application/accounts/recover_account.ts";
import { presentItem } from "../../protocol/schemas/account.ts";
import type { Context, HandlersOf } from "./handler.ts";

export function accountHandlers(context: Context): HandlersOf<"account:recover"> {
  return {
    async "account:recover"({ connection, ref }, { lastSeenSeq: after, limit }) {
      const actor = connection.identity.require();
      await recoverAccount(actor, context, connection, { after, limit }, ({ items, ...rest }) => {
        connection.emit("account:missed", { items: items.map(presentItem), ...rest }, ref);
      });
    },
  };
}
