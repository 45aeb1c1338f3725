/** The chat around a component; null on the page at `/try`, which has rooms only. */
import { createContext } from "preact";
import type { Chat } from "../chat.ts";

export const ChatContext = createContext<Chat | null>(null);
