/** What the host asks of a browser. Node has a file beside this one with the same functions. */

/** The bytes of a file that belongs to this package. */
export async function readPackageFile(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.href}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Milliseconds that only rise; for progress and for what a result says about itself. */
export function clockMs(): number {
  return performance.now();
}

/** Lets the page draw and react. A message comes at once, where a timer would be held back. */
export function pause(): Promise<void> {
  return new Promise((resume) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resume();
    };
    port2.postMessage(null);
  });
}
