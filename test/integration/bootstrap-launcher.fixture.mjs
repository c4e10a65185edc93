// Stands in for the bootstrap: hands over to the program it is given, with everything that ties the two together.
import { handOver } from '@orgo/infra/hand-over';

process.exitCode = await handOver(process.execPath, process.argv.slice(2), process.env);
