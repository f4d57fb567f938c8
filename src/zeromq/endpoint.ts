/**
 * The form of endpoints: `ipc://` with the path of a socket file, or `tcp://` with an
 * address and a port. Source: `zmq_ipc(7)` and `zmq_tcp(7)`.
 *
 * @module
 */

/** The endpoint at a socket file. */
export function ipcEndpoint(path: string): string {
  return `ipc://${path}`;
}

/** Whether an endpoint is at a socket file, which only this machine's processes reach. */
export function isIpc(endpoint: string): boolean {
  return endpoint.startsWith("ipc://");
}

/**
 * The endpoint at an address, or at a network interface.
 *
 * @param hostname Such as `"127.0.0.1"`, `"::1"` or `"eth0"`.
 * @param port The port; `"*"` for any free one.
 */
export function tcpEndpoint(hostname: string, port: number | "*"): string {
  return `tcp://${bracketed(hostname)}:${port}`;
}

/** The address and the port in a TCP endpoint; `undefined` in any other. */
export function tcpAddress(
  endpoint: string,
): { hostname: string; port: number } | undefined {
  const [, hostname, port] = /^tcp:\/\/\[?([^\]]+)\]?:(\d+)$/.exec(endpoint) ?? [];
  return hostname === undefined ? undefined : { hostname, port: Number(port) };
}

/** An address as it stands before a port: one of IPv6 stands in brackets. */
export function bracketed(hostname: string): string {
  return hostname.includes(":") ? `[${hostname.replace(/^\[|\]$/g, "")}]` : hostname;
}
