/** A chat in React, strict mode on, with every hook; `?server=` says where EchoRoom is. */
import { type ReactNode, StrictMode, useState } from "react";
// @ts-types="@types/react-dom/client"
import { createRoot } from "react-dom/client";
import { createClient } from "../../src/client/mod.ts";
import {
  useConnection,
  useMessages,
  useOnline,
  useRoom,
  useTyping,
  useUser,
} from "../../src/client/react.ts";

declare const document: { body: Parameters<typeof createRoot>[0] };
const { searchParams } = new URL(location.href);
const client = createClient(searchParams.get("server")!);
const ROOMS = ["general", "elsewhere"];

function App(): ReactNode {
  const user = useUser(client);
  const { status } = useConnection(client);
  return (
    <>
      <p id="status">{status}</p>
      {status === "signed_out" && !user && <SignUp />}
      <Chat />
    </>
  );
}

function SignUp(): ReactNode {
  const signUp = (form: FormData) => {
    const displayName = String(form.get("name"));
    const email = `${crypto.randomUUID()}@example.com`;
    client.register({ displayName, email, password: "correct horse" });
  };
  return (
    <form action={signUp}>
      <input name="name" />
    </form>
  );
}

function Chat(): ReactNode {
  const [slug, setSlug] = useState<string | null>(ROOMS[0]!);
  return (
    <>
      {ROOMS.map((name) => (
        <button type="button" key={name} onClick={() => setSlug(name)}>{name}</button>
      ))}
      <button type="button" onClick={() => setSlug(null)}>none</button>
      <button type="button" onClick={() => client.logout()}>sign out</button>
      <RoomOf slug={slug} />
    </>
  );
}

function RoomOf({ slug }: { slug: string | null }): ReactNode {
  const room = useRoom(client, slug);
  const messages = useMessages(room);
  const { count } = useOnline(room);
  const typing = useTyping(room);
  const wrong = messages.filter(({ text }) => text.startsWith("In ") && text !== `In ${slug}`);
  // Not only at the end: no render may show one room's messages as another's.
  if (wrong.length > 0) throw new Error(`shown in ${slug}: ${wrong[0]!.text}`);
  return (
    <section aria-label={slug ?? "none"}>
      <p id="online">{count}</p>
      <ol>
        {messages.map(({ key, text, state }) => <li key={key} data-state={state}>{text}</li>)}
      </ol>
      <p id="typing">{typing.map(({ displayName }) => displayName).join()}</p>
      <form action={(form) => void room?.send(String(form.get("text")))}>
        <input name="text" onKeyDown={() => room?.keystroke()} />
      </form>
    </section>
  );
}

client.connect();
createRoot(document.body).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
