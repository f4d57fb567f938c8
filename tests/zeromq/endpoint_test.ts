import {
  bracketed,
  ipcEndpoint,
  isIpc,
  tcpAddress,
  tcpEndpoint,
} from "../../src/zeromq/endpoint.ts";
import { assertEquals } from "../fixtures/assert.ts";

Deno.test("an address and a port come back from the endpoint that is made of them", () => {
  for (const hostname of ["127.0.0.1", "0.0.0.0", "node1.example", "::", "fd00::1"]) {
    const endpoint = tcpEndpoint(hostname, 4711);
    assertEquals(tcpAddress(endpoint), { hostname, port: 4711 });
    assertEquals(isIpc(endpoint), false);
  }
});

Deno.test("an address of IPv6 stands in brackets, whether or not it was given in them", () => {
  assertEquals(tcpEndpoint("::1", "*"), "tcp://[::1]:*");
  assertEquals(tcpEndpoint("[::1]", "*"), "tcp://[::1]:*");
  assertEquals(tcpEndpoint("eth0", "*"), "tcp://eth0:*");
  assertEquals(bracketed("127.0.0.1"), "127.0.0.1");
});

Deno.test("a socket file has no address, and what has no port has none either", () => {
  const endpoint = ipcEndpoint("/run/x/host");
  assertEquals(endpoint, "ipc:///run/x/host");
  assertEquals(isIpc(endpoint), true);
  assertEquals(tcpAddress(endpoint), undefined);
  assertEquals(tcpAddress("tcp://127.0.0.1:*"), undefined);
});
