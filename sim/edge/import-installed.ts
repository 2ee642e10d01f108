/** Packages of the user's: the copy that the project has installed, if there is one. */

/** @returns The module, or undefined when no such package can be found from here. */
export async function importInstalled(name: string): Promise<object | undefined> {
  try {
    // The name is a variable, so that no bundler puts its own copy here.
    return (await import(/* @vite-ignore */ name)) as object;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}
