/** What this browser has of notifications. */
import type { NotificationPlatform } from "./desktop_notifications.ts";

export const NOTIFICATION_PLATFORM: NotificationPlatform = {
  Notification: "Notification" in globalThis ? Notification : undefined,
  async showByWorker(title, options) {
    const registration = await navigator.serviceWorker?.getRegistration();
    await registration?.showNotification(title, options);
  },
  storage: () => localStorage,
  open(address) {
    focus();
    location.hash = address;
  },
};

/** Follows clicks on notifications that the service worker has shown. */
export function followNotifications(): void {
  navigator.serviceWorker?.addEventListener("message", ({ data }) => {
    if (typeof data?.address === "string") location.hash = data.address;
  });
}
