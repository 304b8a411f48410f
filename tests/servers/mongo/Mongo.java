import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.List;

/** Serves an empty database on 127.0.0.1, at the port that is its argument, until the process ends. */
class Mongo {
    public static void main(String[] arguments) {
        MemoryBackend backend = new MemoryBackend();
        backend.version(new Version());
        new MongoServer(backend).bind("127.0.0.1", Integer.parseInt(arguments[0]));
    }

    /** The commands are those of 5.0, but the server calls its wire protocol 8, and pymongo wants 9. */
    static class Version implements MongoVersion {
        public int getWireVersion() {
            return 13;
        }

        public List<Integer> getVersionArray() {
            return List.of(5, 0, 0);
        }
    }
}
