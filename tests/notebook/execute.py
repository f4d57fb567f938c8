"""Executes a notebook, as Jupyter does: reads it from standard input, and writes it with
its outputs to standard output. An output with the word in argument 1 is interrupted."""

import asyncio
import sys

import nbclient
import nbformat
from nbclient.exceptions import CellExecutionComplete
from nbclient.util import ensure_async

WORD = sys.argv[1] if len(sys.argv) > 1 else None

# Shows nothing, and ends when all that was sent before it is sent.
FLUSH = """await Deno.jupyter.broadcast("update_display_data", {
  data: {}, metadata: {}, transient: { display_id: "none" },
})"""


class Client(nbclient.NotebookClient):
    async def _async_poll_output_msg(self, request, cell, index):
        """Takes the outputs of a cell. Deno's kernel may send its value only after it has
        said that the cell has ended, which is where nbclient stops: so this waits for the
        end of another request. What comes until then belongs to the cell."""
        await super()._async_poll_output_msg(request, cell, index)
        flush = self.kc.execute(FLUSH, silent=True)
        while True:
            message = await ensure_async(self.kc.iopub_channel.get_msg(timeout=None))
            parent = message["parent_header"].get("msg_id")
            try:
                self.process_message(message, cell, index)
            except CellExecutionComplete:
                if parent == flush:
                    return

    def process_message(self, message, cell, index):
        if WORD and WORD in message["content"].get("text", ""):
            interrupting = self.km.interrupt_kernel()
            if asyncio.iscoroutine(interrupting):
                asyncio.ensure_future(interrupting)
        return super().process_message(message, cell, index)


notebook = nbformat.read(sys.stdin, 4)
client = Client(
    notebook, kernel_name="deno", allow_errors=True, timeout=50, iopub_timeout=50
)
client.execute()
nbformat.write(notebook, sys.stdout)
