/** Notifications of the operating system, where the browser and the user allow them. */
import { type BrowserStorage, type Kept, kept } from "../kept.ts";

/** The user decides in the browser; `unsupported` where there are none. */
export type Permission = "default" | "granted" | "denied" | "unsupported";

export interface DesktopNotification {
  /** Of several with one id, as from two tabs, the last one is shown. */
  readonly id: string;
  readonly title: string;
  readonly body: string;
  /** The address to open, within the page: `#/general`. */
  readonly address: string;
}

/** What the browser has of notifications. */
export interface NotificationPlatform {
  /** Undefined where there are none. */
  readonly Notification?: NotificationConstructor | undefined;
  /** Shows one by the service worker, where pages may not, as on Android. */
  showByWorker(title: string, options: NotificationContent): Promise<void>;
  storage(): BrowserStorage;
  /** Brings the page to the front, at an address. */
  open(address: string): void;
}

export interface NotificationContent {
  tag: string;
  body: string;
  icon: string;
  data: { address: string };
}

/** The part of the web's `Notification` that is used. */
export interface NotificationConstructor {
  readonly permission: Exclude<Permission, "unsupported">;
  requestPermission(): Promise<unknown>;
  new (title: string, options: NotificationContent): {
    onclick: ((event: never) => void) | null;
    close(): void;
  };
}

const ICON = "/assets/web/icon.svg";
/** How many are remembered to be closed. */
const MAX_SHOWN = 20;

export class DesktopNotifications {
  /** Whether the user wants them. */
  readonly #wish: Kept;
  readonly #platform: NotificationPlatform;
  readonly #shown = new Map<string, { close(): void }>();

  constructor(userId: string, platform: NotificationPlatform) {
    this.#wish = kept(`echoroom:notifications:${userId}`, () => platform.storage());
    this.#platform = platform;
  }

  get permission(): Permission {
    return this.#platform.Notification?.permission ?? "unsupported";
  }

  /** Whether they are shown: the user has turned them on here, and the browser allows them. */
  get isOn(): boolean {
    return this.#wish.read() === "on" && this.permission === "granted";
  }

  /**
   * Turns them on, and asks the user if they have not decided yet. To be called on a click: browsers
   * refuse to ask otherwise.
   * @returns whether they are on now
   */
  async turnOn(): Promise<boolean> {
    if (this.permission === "default") {
      await this.#platform.Notification!.requestPermission().catch(() => {});
    }
    this.#wish.write("on");
    return this.isOn;
  }

  turnOff(): void {
    this.#wish.write("off");
    this.closeAll();
  }

  /** Does nothing if they are off. Resolves once it is shown, or cannot be. */
  async show({ id, title, body, address }: DesktopNotification): Promise<void> {
    if (!this.isOn) return;
    const options = { tag: id, body, icon: ICON, data: { address } };
    try {
      const notification = new this.#platform.Notification!(title, options);
      notification.onclick = () => {
        notification.close();
        this.#platform.open(address);
      };
      this.#remember(id, notification);
    } catch {
      // Chrome on Android only lets service workers show them, and closes them on a click itself.
      await this.#platform.showByWorker(title, options).catch(() => {});
    }
  }

  /** Closes one whose message was deleted. */
  close(id: string): void {
    this.#shown.get(id)?.close();
    this.#shown.delete(id);
  }

  /** Closes all: the user is back, or has signed out. */
  closeAll(): void {
    for (const id of [...this.#shown.keys()]) this.close(id);
  }

  #remember(id: string, notification: { close(): void }): void {
    this.#shown.delete(id);
    this.#shown.set(id, notification);
    const [oldest] = this.#shown.keys();
    if (this.#shown.size > MAX_SHOWN) this.#shown.delete(oldest!);
  }
}
