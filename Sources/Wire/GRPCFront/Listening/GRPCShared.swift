import FrontSupport
import Inference
import Serving

/// What all event loops of the front share; immutable, or safe by itself.
final class GRPCShared: Sendable {
  let settings: GRPCFrontSettings
  let door: InferenceServer
  let observer: any EventObserver
  let metrics: any FrontMetrics
  let repository: (any FrontRepository)?
  let extensions: FrontExtensions
  let workers: WorkerPool
  let openConnections: OpenConnections
  /// Of messages on their way in and of answers on their way out.
  let heldBytes: ByteBudget
  let visionTasks: VisionTasks
  let managementKey: ManagementKey

  init(
    settings: GRPCFrontSettings, door: InferenceServer, workers: WorkerPool,
    observer: any EventObserver, metrics: any FrontMetrics, repository: (any FrontRepository)?,
    extensions: FrontExtensions
  ) {
    self.settings = settings
    self.door = door
    self.observer = observer
    self.metrics = metrics
    self.repository = repository
    self.extensions = extensions
    self.workers = workers
    openConnections = OpenConnections(countMax: settings.limits.connectionCountMax)
    heldBytes = ByteBudget(byteCountMax: settings.limits.collectedBytesMax)
    visionTasks = VisionTasks(options: settings.visionOptions)
    managementKey = ManagementKey(settings.managementKey)
  }
}
