/** Where a file's bytes are for the elements that show it, and saving it. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { FileInfo } from "../../src/client/rest/mod.ts";
import type { FileViewer } from "./file_viewer.ts";

export interface FileAddress {
  /** Undefined until it is known. */
  address: string | undefined;
  /** Whether the server does not give the file. */
  isFaulty: boolean;
  /** To be called by what could not load it: the token in its address may be over. */
  refused(): void;
}

/** The address that a component had when it was first shown: another one would load it anew. */
export function useFileAddress(viewer: FileViewer, path: string): FileAddress {
  const [address, setAddress] = useState<string>();
  const [isFaulty, setFaulty] = useState(false);
  const isShown = useRef(true);
  /** @param refused what was not loaded from: then it will not be a second time */
  const ask = async (refused?: string) => {
    const next = await viewer.fileUrl(path).catch(() => undefined);
    if (!isShown.current) return;
    setFaulty(next === undefined || next === refused);
    setAddress(next);
  };
  useEffect(() => {
    isShown.current = true;
    void ask();
    return () => void (isShown.current = false);
  }, [path]);
  useEffect(() => {
    if (!isFaulty) return;
    const retry = () => void ask();
    addEventListener("online", retry);
    return () => removeEventListener("online", retry);
  }, [isFaulty]);
  return { address, isFaulty, refused: () => void ask(address) };
}

/** Lets the browser save a file. */
export async function saveFile(viewer: FileViewer, { url, name }: FileInfo): Promise<void> {
  try {
    const link = document.createElement("a");
    link.href = await viewer.fileUrl(url);
    link.download = name;
    link.click();
  } catch (error) {
    viewer.notice.sayError(error as Error);
  }
}
