// An object store in a folder, with the bucket `gates`: node serve.mjs FOLDER. Prints its port.
import S3rver from "s3rver";

const store = new S3rver({
  address: "127.0.0.1",
  port: 0,
  silent: true,
  directory: process.argv[2],
  configureBuckets: [{ name: "gates" }],
});
const { port } = await store.run();
console.log(port);
