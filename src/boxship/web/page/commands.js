// What to type: commands for each program that deals with images.

import { recall } from "./api.js";
import { commandBlock } from "./command_block.js";
import { fill, h } from "./dom.js";
import { framed } from "./image_frame.js";
import { waiting } from "./waiting.js";

export async function show(stage) {
  fill(stage.body, waiting(6));
  const { repository, reference } = stage.address;
  const image = await framed(stage);
  if (!image) return;
  const { image: name, commands } = await recall("commands", { repository, reference, platform: stage.address.options.get("platform") ?? "" });
  if (stage.signal.aborted) return;
  const programs = [...new Set(commands.map(({ program }) => program))];
  fill(stage.body, programs.map((program) => section(program, commands, name)));
  stage.settled();
}

function section(program, commands, name) {
  const own = commands.filter((command) => command.program === program);
  return h(
    "section",
    {},
    h("h2", {}, program),
    own.map((command) => [h("h3", { class: "purpose" }, command.purpose), commandBlock(command, name)]),
  );
}
