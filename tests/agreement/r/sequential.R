# The numbers of test_sequential_against_r.py: R 4.2.2, rpact 3.3.4, mvtnorm 1.1-3. Run: Rscript sequential.R
suppressMessages({library(rpact); library(mvtnorm)})
show <- function(name, x) cat(name, formatC(x, digits = 15, format = "g"), "\n")

# Truth for three looks: the trivariate normal by TVPACK (absolute error 1e-15).
corr <- outer(1:3, 1:3, function(i, j) sqrt(pmin(i, j) / pmax(i, j)))
used <- function(bounds) 1 - pmvnorm(upper = bounds, corr = corr, algorithm = TVPACK(abseps = 1e-15))[1]
spent <- 2 * pnorm(-qnorm(1 - 0.0125) / sqrt(1:3 / 3))
b1 <- qnorm(1 - spent[1])
b2 <- uniroot(function(x) used(c(b1, x, Inf)) - spent[2], c(2, 3), tol = 1e-15)$root
b3 <- uniroot(function(x) used(c(b1, b2, x)) - 0.025, c(1.9, 2.1), tol = 1e-15)$root
show("tvpack asOF", c(b1, b2, b3))
show("tvpack OF", uniroot(function(c) used(c * sqrt(3 / 1:3)) - 0.025, c(1.9, 2.1), tol = 1e-15)$root * sqrt(3 / 1:3))
show("tvpack P", uniroot(function(c) used(rep(c, 3)) - 0.025, c(2.2, 2.4), tol = 1e-15)$root)

design <- function(name, ...) {
  d <- getDesignGroupSequential(...)
  show(paste(name, "critical"), d$criticalValues)
  if (any(d$futilityBounds > -6)) show(paste(name, "futility"), d$futilityBounds)
  invisible(d)
}
times <- c(0.2, 0.5, 0.7, 1)
design("OF", kMax = 3, alpha = 0.025, typeOfDesign = "OF", tolerance = 1e-10)
design("P unequal", alpha = 0.025, typeOfDesign = "P", informationRates = times, kMax = 4)
design("WT unequal", alpha = 0.025, typeOfDesign = "WT", deltaWT = 0.25, informationRates = times, kMax = 4)
design("HP", kMax = 3, alpha = 0.025, typeOfDesign = "HP")
design("asP two-sided", kMax = 3, alpha = 0.05, sided = 2, typeOfDesign = "asP")
design("asHSD two-sided", kMax = 3, alpha = 0.05, sided = 2, typeOfDesign = "asHSD", gammaA = -2)
design("OF two-sided", kMax = 3, alpha = 0.05, sided = 2, typeOfDesign = "OF")
design("asKD", kMax = 3, alpha = 0.025, typeOfDesign = "asKD", gammaA = 2.5)
design("asUser", kMax = 3, alpha = 0.025, typeOfDesign = "asUser", userAlphaSpending = c(0.001, 0.01, 0.025))
design("fixed futility", kMax = 3, alpha = 0.025, typeOfDesign = "asOF", futilityBounds = c(0, 0.5), bindingFutility = TRUE)
design("bsOF binding", kMax = 3, alpha = 0.025, beta = 0.1, typeOfDesign = "asOF", typeBetaSpending = "bsOF", bindingFutility = TRUE)
d <- design("bsOF", kMax = 3, alpha = 0.025, beta = 0.1, typeOfDesign = "asOF", typeBetaSpending = "bsOF")
show("bsOF shift", getDesignCharacteristics(d)$shift)
d <- design("bsHSD", alpha = 0.025, beta = 0.2, typeOfDesign = "asP", typeBetaSpending = "bsHSD", gammaB = -2, informationRates = times, kMax = 4)
show("bsHSD shift", getDesignCharacteristics(d)$shift)

for (type in c("asOF", "P")) {
  d <- getDesignGroupSequential(kMax = 3, alpha = 0.025, beta = 0.2, typeOfDesign = type)
  c <- getDesignCharacteristics(d)
  show(paste(type, "shift inflation asn1 asn01 asn0"), c(c$shift, c$inflationFactor, c$averageSampleNumber1, c$averageSampleNumber01, c$averageSampleNumber0))
  show(paste(type, "power by look"), c$power)
  show(paste(type, "rejection by look"), c$rejectionProbabilities)
}
d2 <- getDesignGroupSequential(kMax = 3, alpha = 0.05, sided = 2, beta = 0.2, typeOfDesign = "asOF")
show("two-sided inflation", getDesignCharacteristics(d2)$inflationFactor)

# A trial with normal outcomes of known variance: 40 a look and arm, sd 10.
d <- getDesignGroupSequential(kMax = 3, alpha = 0.025, typeOfDesign = "asOF")
data <- getDataset(n1 = c(40, 40), n2 = c(40, 40), means1 = c(5, 4.5), means2 = c(0, 0.2), stDevs1 = c(10, 10), stDevs2 = c(10, 10))
a <- getAnalysisResults(design = d, dataInput = data, normalApproximation = TRUE, nPlanned = 80, stage = 2)
show("overall statistic", a$.stageResults$overallTestStatistics)
show("overall sd", a$.stageResults$overallStDevs)
show("final p", a$finalPValues)
show("final interval", c(a$finalConfidenceIntervalLowerBounds, a$finalConfidenceIntervalUpperBounds))
show("median unbiased", a$medianUnbiasedEstimates)
show("repeated lower", a$repeatedConfidenceIntervalLowerBounds)
show("repeated upper", a$repeatedConfidenceIntervalUpperBounds)
data <- getDataset(n1 = 40, n2 = 40, means1 = 3, means2 = 0, stDevs1 = 10, stDevs2 = 10)
a <- getAnalysisResults(design = d, dataInput = data, normalApproximation = TRUE, nPlanned = c(80, 80), thetaH1 = 3, assumedStDev = 10, stage = 1)
show("conditional power at look 1", a$conditionalPower)
i <- getDesignInverseNormal(kMax = 3, alpha = 0.025, typeOfDesign = "asOF", informationRates = c(0.2, 0.6, 1))
data <- getDataset(n1 = c(40, 60), n2 = c(40, 60), means1 = c(3, 4), means2 = c(0, 0), stDevs1 = c(10, 10), stDevs2 = c(10, 10))
a <- getAnalysisResults(design = i, dataInput = data, normalApproximation = TRUE, stage = 2)
show("stage p", a$.stageResults$pValues)
show("inverse normal", a$.stageResults$combInverseNormal)
