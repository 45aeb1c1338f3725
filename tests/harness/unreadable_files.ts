/**
 * Lets libraries look for files that Deno shows to nobody without all permissions, such as some
 * below `/proc`: to them such a file is not there, where Deno would throw. Import it before them.
 */
import fs from "node:fs";

const existsSync = fs.existsSync;

fs.existsSync = (path) => {
  try {
    return existsSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return false;
    throw error;
  }
};
