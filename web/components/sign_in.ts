/** What visitors see: what this is, and the forms to sign up and to sign in. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import type { Account, Credentials } from "../../src/client/mod.ts";
import { MIN_PASSWORD_LENGTH } from "../../src/protocol/wire/limits.ts";
import { address } from "../address.ts";
import type { Session } from "../session/session.ts";
import { Form } from "./form.ts";

/** What the server does not offer. */
const OFF = document.documentElement.dataset.off?.split(" ") ?? [];

type Fields<T> = T & Record<string, string>;

export function SignIn({ session }: { session: Session }) {
  const { client, welcome } = session;
  return html`
    <main id="signed-out">
      <div class="pitch">
        <h1>Chat that loses nothing</h1>
        <p>
          Cut the cable, kill the server, close the lid: what you wrote arrives, once and in order,
          and what you missed is there when you come back.
        </p>
        <p>
          ${!OFF.includes("try") && html`
            <a class="button try-link" href="/try">Try it with two people side by side</a>
          `}
          <a href="/docs">The API and its events</a>
        </p>
      </div>
      <p id="welcome" role="alert">${welcome.value}</p>
      ${address.value.invitation && html`
        <p id="invited" class="card">
          You are invited to a room: create an account, or sign in, and you will be shown which.
        </p>
      `}
      ${OFF.includes("registration") ? html`<${Closed} />` : html`
        <section class="card" aria-labelledby="register-title">
          <h2 id="register-title">New here?</h2>
          <${Form} id="register-form" action="Create account"
            onSubmit=${(account: Fields<Account>) => session.signIn(client.register(account))}>
            <label>
              Your name, as others will see it
              <input name="displayName" autocomplete="nickname" required />
            </label>
            <label>Email <input name="email" type="email" autocomplete="username" required /></label>
            <${NewPassword} />
            <//>
            </section>
      `}
      <${LogIn} session=${session} />
    </main>
  `;
}

/** The form to sign in, also of the page for moderators. */
export function LogIn({ session }: { session: Session }) {
  const logIn = (known: Fields<Credentials>) => session.signIn(session.client.login(known));
  return html`
    <section class="card" aria-labelledby="login-title">
      <h2 id="login-title">Welcome back</h2>
      <${Form} id="login-form" action="Sign in"
        onSubmit=${logIn}>
        <label>Email <input name="email" type="email" autocomplete="username" required /></label>
        <label>
          Password
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        <//>
        </section>
  `;
}

/** Says how much is missing while the password is written. */
function NewPassword() {
  const [length, setLength] = useState(0);
  const hint = length === 0 || length >= MIN_PASSWORD_LENGTH
    ? ""
    : `${MIN_PASSWORD_LENGTH - length} more to go`;
  const count = ({ target }: Event) => setLength([...(target as HTMLInputElement).value].length);
  return html`
    <label>
      Password, at least ${MIN_PASSWORD_LENGTH} characters <small class="hint">${hint}</small>
      <input name="password" type="password" autocomplete="new-password" required
        minlength=${MIN_PASSWORD_LENGTH}
        onInput=${count} />
    </label>
  `;
}

function Closed() {
  return html`
    <section class="card">
      <h2>New here?</h2>
      <p>Registration is closed on this server: its operators create the accounts.</p>
    </section>
  `;
}
