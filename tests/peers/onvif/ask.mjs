// A client that others wrote asks an ONVIF camera: node ask.mjs HOST PORT USER PASSWORD. Prints what it was told, as JSON.
import onvif from "onvif";

const [hostname, port, username, password] = process.argv.slice(2);
const camera = new onvif.Cam({ hostname, port, username, password, timeout: 20000, autoconnect: false });
const asked = (name, ...given) =>
  new Promise((resolve, reject) => {
    camera[name](...given, (error, answer) => (error ? reject(new Error(`${name}: ${error.message}`)) : resolve(answer)));
  });

const clock = await asked("getSystemDateAndTime");
const services = await asked("getServices", false);
await asked("getCapabilities");
const about = await asked("getDeviceInformation");
const profiles = await asked("getProfiles");
const streams = [];
for (const profile of profiles.filter((one) => one.videoEncoderConfiguration)) {
  const profileToken = profile.$.token;
  const stream = await asked("getStreamUri", { protocol: "RTSP", profileToken });
  const snapshot = await asked("getSnapshotUri", { profileToken });
  const { width, height } = profile.videoEncoderConfiguration.resolution;
  streams.push({ token: profileToken, width, height, url: stream.uri, picture: snapshot.uri });
}
console.log(JSON.stringify({ clock, services: services.map((one) => one.namespace), about, streams }));
