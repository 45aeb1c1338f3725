/** One of two guests side by side: a room, buttons that break the connection, and its frames. */
import { html } from "htm/preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { ConnectionBar } from "../components/connection_bar.ts";
import { RoomView } from "../components/room_view.ts";
import { Drafts } from "../messages/drafts.ts";
import { Notice } from "../notice.ts";
import { OpenRoom } from "../rooms/open_room.ts";
import { FrequentEmoji } from "../text/frequent_emoji.ts";
import type { FrameLog } from "./frame_log.ts";
import { Frames } from "./frames.ts";
import type { Guest } from "./guest.ts";

export function Person({ guest, roomId }: { guest: Guest; roomId: string }) {
  const { name, client, log, party } = guest;
  const notice = useMemo(() => new Notice(), [guest]);
  const [open, setOpen] = useState<OpenRoom | null>(null);
  useEffect(() => {
    client.connect();
    const open = new OpenRoom({
      room: client.join(roomId),
      api: client.api,
      drafts: new Drafts(`${name} of ${party.secret}`),
      emoji: new FrequentEmoji(`${name} of ${party.secret}`),
      notice,
      user: () => client.user.get(),
      isMember: () => true,
      fileUrl: (path) => client.fileUrl(path),
    });
    setOpen(open);
    return () => open.close();
  }, [guest]);
  return html`
    <section class="person" aria-label=${name}>
      <header>
        <h2>${name}</h2>
        <${OfflineButton} guest=${guest} />
        <${Breaker} text="Kill my socket" work=${() => log.kill()} />
        <${Breaker} text="Expire my token" work=${() => log.spoilToken()} />
        <${ConnectionBar} client=${client} notice=${notice} />
      </header>
      ${open && html`<${RoomView} open=${open} />`}
      <section class="frames">
        <h2>Frames</h2>
        <${Frames} name=${name} log=${log} />
      </section>
    </section>
  `;
}

function OfflineButton(
  { guest: { client, log } }: { guest: { client: Guest["client"]; log: FrameLog } },
) {
  const [isOffline, setOffline] = useState(false);
  const toggle = () => {
    setOffline(!isOffline);
    log.offline = !isOffline;
    if (isOffline) client.connect();
  };
  const text = isOffline ? "Come back" : "Go offline";
  return html`<${Breaker} text=${text} work=${toggle} isPressed=${isOffline} />`;
}

interface BreakerProps {
  text: string;
  work(): void;
  /** Undefined for a button that does something once. */
  isPressed?: boolean;
}

function Breaker({ text, work, isPressed }: BreakerProps) {
  return html`
    <button class="quiet" type="button" aria-pressed=${isPressed}
      onClick=${work}>${text}</button>
  `;
}
